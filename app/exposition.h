// The operations port of a process: /metrics, /livez and /readyz.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <vector>

#include "app/lifecycle.h"
#include "common/http/server.h"

namespace todo {

using Collectables = std::vector<const prometheus::Collectable*>;

// What `collectables` hold, in Prometheus' text format.
std::string Exposition(const Collectables& collectables);

// Everything given must outlive the handler.
sb::http::Handler OperationsHandler(const Lifecycle& lifecycle, Collectables collectables);

}  // namespace todo
