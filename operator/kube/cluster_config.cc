#include "operator/kube/cluster_config.h"

#include <cstdlib>

#include "operator/kube/kubeconfig.h"
#include "operator/kube/read_file.h"

namespace sb::kube {
namespace {

constexpr std::size_t kMaxTokenBytes = 1 << 20;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Expected<ClusterConfig> InCluster(const std::string& directory) {
  std::string host = Environment("KUBERNETES_SERVICE_HOST");
  const std::string port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Fail(ErrorCode::kNotFound, "not in a Pod: KUBERNETES_SERVICE_HOST is not set");
  }
  // cpprestsdk looks a bracketed IPv6 address up as a name, brackets and all. The Service's name is
  // in every API server's certificate.
  if (host.find(':') != std::string::npos) host = "kubernetes.default.svc";
  ClusterConfig config;
  config.server = "https://" + host + ":" + port;
  config.ca_file = directory + "/ca.crt";
  config.token_file = directory + "/token";
  if (!ReadFile(config.token_file, kMaxTokenBytes)) {
    return Fail(ErrorCode::kInvalidArgument,
                "cannot read " + config.token_file +
                    ": give the Pod a service account with automountServiceAccountToken");
  }
  if (auto ns = ReadFile(directory + "/namespace", kMaxTokenBytes)) {
    while (!ns->empty() && static_cast<unsigned char>(ns->back()) <= ' ') ns->pop_back();
    if (!ns->empty()) config.namespace_ = *ns;
  }
  return config;
}

Expected<ClusterConfig> LoadDefault(const LoadOptions& options) {
  if (!options.kubeconfig.empty()) return FromKubeconfig(options.kubeconfig, options.context);
  if (const std::string list = Environment("KUBECONFIG"); !list.empty()) {
    return FromKubeconfigs(SplitPathList(list), options.context);
  }
  const std::string home = Environment("HOME") + "/.kube/config";
  if (!options.context.empty()) return FromKubeconfig(home, options.context);
  auto config = InCluster();
  if (config || config.error().code != ErrorCode::kNotFound) return config;
  return FromKubeconfig(home, "");
}

}  // namespace sb::kube
