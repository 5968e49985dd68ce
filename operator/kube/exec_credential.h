// The ExecCredential that goes to a plugin in KUBERNETES_EXEC_INFO, and the one that it prints.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "operator/kube/cluster_config.h"

namespace sb::kube {

// What the plugin is told: that nobody is there to answer questions, and the cluster if it asked
// for it. `ca_pem`: the content of the cluster's authority, "" for the system's roots.
Json ExecInfo(const ClusterConfig& config, const ExecPlugin& plugin, const std::string& ca_pem);

struct ExecCredential {
  std::string token = {};
  std::string client_certificate_pem = {};  // with the key or without both
  std::string client_key_pem = {};
  std::optional<WallTime> expires = {};
};

// What it prints. kInternal with the reason if it is not an ExecCredential of `api_version` with a
// token or a pair. No message holds a secret.
Expected<ExecCredential> ParseExecCredential(std::string_view text, const std::string& api_version);

}  // namespace sb::kube
