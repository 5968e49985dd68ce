// Plain HTTP for kubelet and Prometheus: /healthz, /readyz, /metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/http/server.h"
#include "common/metrics/exposition.h"

namespace sb::process {

struct HealthChecks {
  // Empty: well. Otherwise what is wrong, in words. Called on the loop thread; must not block.
  std::function<std::string()> healthy;  // restarting the process would help
  std::function<std::string()> ready;    // may it be asked
};

// Serves until destroyed. The loop and what is collected must outlive it.
std::unique_ptr<http::Server> MakeHealthServer(boost::asio::io_context& loop, std::uint16_t port,
                                               metrics::Collectables collected,
                                               HealthChecks checks);

}  // namespace sb::process
