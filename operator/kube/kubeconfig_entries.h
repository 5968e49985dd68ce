// What one cluster and one user of a kubeconfig say. Reads no files: all of them stay names.
#pragma once

#include <optional>
#include <string>

#include "common/json.h"
#include "operator/kube/cluster_config.h"

namespace sb::kube {

struct KubeconfigEntry {
  Json value;             // of "cluster" or "user": an object
  std::string directory;  // what its file names are relative to
};

// Each sets its part of `config`, or says why it cannot.
std::optional<std::string> ReadCluster(const KubeconfigEntry& cluster, ClusterConfig& config);
std::optional<std::string> ReadUser(const KubeconfigEntry& user, ClusterConfig& config);

// The cluster's words for exec plugins (its extension client.authentication.k8s.io/exec), or null.
Json ExecExtension(const KubeconfigEntry& cluster);

}  // namespace sb::kube
