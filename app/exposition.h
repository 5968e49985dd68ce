// The operations port of a process: /metrics, /livez and /readyz.
#pragma once

#include "app/lifecycle.h"
#include "common/http/server.h"
#include "common/metrics/exposition.h"

namespace todo {

// Everything given must outlive the handler.
sb::http::Handler OperationsHandler(const Lifecycle& lifecycle,
                                    sb::metrics::Collectables collectables);

}  // namespace todo
