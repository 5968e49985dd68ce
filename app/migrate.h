// `todo migrate`: brings the database's schema up to this program's version.
#pragma once

#include "app/settings.h"

namespace todo {

// The exit code: 0, or 1 for a failure; with --check, 2 if the database is not what the migrations
// make. A failure's reason is one line on standard error and in /dev/termination-log, from
// where Kubernetes shows it as the container's message.
int MigrateDatabase(const Settings& settings);

}  // namespace todo
