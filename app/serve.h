// `todo serve`: the API, one thread a core, and its operations port.
#pragma once

#include "app/settings.h"

namespace todo {

// Until SIGTERM or SIGINT, then drains; the exit code. Throws boost::system::system_error if a port
// is taken.
int Serve(const Settings& settings);

}  // namespace todo
