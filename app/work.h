// `todo worker`: runs jobs of one queue, and has an operations port.
#pragma once

#include "app/settings.h"

namespace todo {

// Until SIGTERM or SIGINT, then finishes the job in hand; the exit code.
int Work(const Settings& settings);

}  // namespace todo
