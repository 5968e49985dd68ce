// The Job that migrates the database before new pods roll out. Its name holds the hash of its own
// pod template, so another image or command is another Job, and the same one never runs twice.
#pragma once

#include <string>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

// backend.migrations must be set.
Json MigrationJob(const api::Backend& backend);

}  // namespace sb::resources
