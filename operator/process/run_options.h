// What `scalablebackend run` was told, by flags and environment.
#pragma once

#include <cstdint>
#include <string>

#include "operator/api/backend.h"

namespace sb::process {

struct RunOptions {
  api::OperatorDefaults defaults;
  std::uint16_t metrics_port = 8080;
  std::uint16_t metrics_api_port = 8443;
  bool serve_metrics_api = true;
  std::string watch_namespace;  // "": all
  std::string pod_name;         // identity in the election and in events
  std::string pod_namespace;    // of the Lease, the certificate and the Service
  int workers = 2;
};

}  // namespace sb::process
