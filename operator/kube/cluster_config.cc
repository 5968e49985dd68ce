#include "operator/kube/cluster_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "common/base64.h"

namespace sb::kube {
namespace {

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return std::nullopt;
  return text;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Look-ups in a YAML document of whatever shape; anything but a scalar is "".
std::string Scalar(const YAML::Node& node, const char* key) {
  if (!node.IsMap()) return "";
  const YAML::Node value = node[key];
  return value && value.IsScalar() ? value.Scalar() : "";
}

// The entry of a kubeconfig's list by its name: contexts: [{name: x, context: {…}}].
YAML::Node Named(const YAML::Node& root, const char* list, const char* field,
                 const std::string& name) {
  const YAML::Node entries = root[list];
  if (!entries || !entries.IsSequence()) return YAML::Node(YAML::NodeType::Undefined);
  for (const YAML::Node& entry : entries) {
    if (entry.IsMap() && Scalar(entry, "name") == name && entry[field]) return entry[field];
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

class Kubeconfig {
 public:
  Kubeconfig(const YAML::Node& root, std::string directory)
      : root_(root), directory_(std::move(directory)) {}

  Expected<ClusterConfig> Resolve(std::string context_name) {
    if (context_name.empty()) context_name = Scalar(root_, "current-context");
    if (context_name.empty()) return Refuse("current-context is not set");
    const YAML::Node context = Named(root_, "contexts", "context", context_name);
    if (!context.IsDefined()) return Refuse("there is no context " + context_name);
    const std::string cluster_name = Scalar(context, "cluster");
    const YAML::Node cluster = Named(root_, "clusters", "cluster", cluster_name);
    if (!cluster.IsDefined()) return Refuse("there is no cluster " + cluster_name);
    ClusterConfig config;
    if (auto ns = Scalar(context, "namespace"); !ns.empty()) config.namespace_ = ns;
    if (auto error = ReadCluster(cluster, cluster_name, config)) return Refuse(*error);
    if (const std::string user_name = Scalar(context, "user"); !user_name.empty()) {
      const YAML::Node user = Named(root_, "users", "user", user_name);
      if (!user.IsDefined()) return Refuse("there is no user " + user_name);
      if (auto error = ReadUser(user, user_name, config)) return Refuse(*error);
    }
    return config;
  }

 private:
  static tl::unexpected<Error> Refuse(const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument, "kubeconfig: " + why);
  }

  std::string Absolute(const std::string& path) const {
    if (path.empty() || path.front() == '/' || directory_.empty()) return path;
    return directory_ + "/" + path;
  }

  // "x-data" holds the content in base64 and wins over the file named by "x".
  std::optional<std::string> Content(const YAML::Node& node, const std::string& key,
                                     std::string& content) {
    if (const std::string data = Scalar(node, (key + "-data").c_str()); !data.empty()) {
      auto decoded = DecodeBase64(data);
      if (!decoded) return key + "-data is not base64";
      content = std::move(*decoded);
      return std::nullopt;
    }
    const std::string path = Absolute(Scalar(node, key.c_str()));
    if (path.empty()) return std::nullopt;
    auto text = ReadFile(path);
    if (!text) return key + ": cannot read " + path;
    content = std::move(*text);
    return std::nullopt;
  }

  std::optional<std::string> ReadCluster(const YAML::Node& cluster, const std::string& name,
                                         ClusterConfig& config) {
    config.server = Scalar(cluster, "server");
    while (config.server.ends_with('/')) config.server.pop_back();
    if (config.server.empty()) return "cluster " + name + " has no server";
    if (!Scalar(cluster, "proxy-url").empty()) {
      return "cluster " + name + ": proxy-url is not supported";
    }
    config.tls_server_name = Scalar(cluster, "tls-server-name");
    config.insecure_skip_tls_verify = Scalar(cluster, "insecure-skip-tls-verify") == "true";
    if (Scalar(cluster, "certificate-authority-data").empty()) {
      config.ca_file = Absolute(Scalar(cluster, "certificate-authority"));
      return std::nullopt;
    }
    return Content(cluster, "certificate-authority", config.ca_pem);
  }

  std::optional<std::string> ReadUser(const YAML::Node& user, const std::string& name,
                                      ClusterConfig& config) {
    for (const char* unsupported : {"exec", "auth-provider", "username"}) {
      if (user.IsMap() && user[unsupported]) {
        return "user " + name + ": " + unsupported +
               " is not supported; use a token, a tokenFile or a client certificate";
      }
    }
    if (auto error = Content(user, "client-certificate", config.client_certificate_pem))
      return error;
    if (auto error = Content(user, "client-key", config.client_key_pem)) return error;
    config.token = Scalar(user, "token");
    config.token_file = Absolute(Scalar(user, "tokenFile"));
    return std::nullopt;
  }

  const YAML::Node root_;
  const std::string directory_;
};

}  // namespace

Expected<ClusterConfig> InCluster(const std::string& directory) {
  std::string host = Environment("KUBERNETES_SERVICE_HOST");
  const std::string port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Fail(ErrorCode::kNotFound, "not in a Pod: KUBERNETES_SERVICE_HOST is not set");
  }
  if (host.find(':') != std::string::npos) host = "[" + host + "]";  // IPv6
  ClusterConfig config;
  config.server = "https://" + host + ":" + port;
  config.ca_file = directory + "/ca.crt";
  config.token_file = directory + "/token";
  if (!ReadFile(config.token_file)) {
    return Fail(ErrorCode::kInvalidArgument,
                "cannot read " + config.token_file +
                    ": give the Pod a service account with automountServiceAccountToken");
  }
  if (auto ns = ReadFile(directory + "/namespace"); ns && !ns->empty()) config.namespace_ = *ns;
  return config;
}

Expected<ClusterConfig> ParseKubeconfig(const std::string& yaml, const std::string& context,
                                        const std::string& directory) {
  // yaml-cpp throws on what it cannot parse, and on wrong use of a node; none of it may leave.
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) return Fail(ErrorCode::kInvalidArgument, "kubeconfig: not a YAML mapping");
    return Kubeconfig(root, directory).Resolve(context);
  } catch (const YAML::Exception& exception) {
    return Fail(ErrorCode::kInvalidArgument, std::string("kubeconfig: ") + exception.what());
  }
}

Expected<ClusterConfig> FromKubeconfig(const std::string& path, const std::string& context) {
  auto text = ReadFile(path);
  if (!text) return Fail(ErrorCode::kNotFound, "cannot read kubeconfig " + path);
  auto config = ParseKubeconfig(*text, context, std::filesystem::path(path).parent_path().string());
  if (config) return config;
  return Fail(config.error().code, path + ": " + config.error().message);
}

Expected<ClusterConfig> LoadDefault() {
  const std::string list = Environment("KUBECONFIG");
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(':', at), list.size());
    const std::string path = list.substr(at, end - at);
    std::error_code ignored;
    if (!path.empty() && std::filesystem::exists(path, ignored)) return FromKubeconfig(path);
    at = end + 1;
  }
  auto config = InCluster();
  if (config || config.error().code != ErrorCode::kNotFound) return config;
  return FromKubeconfig(Environment("HOME") + "/.kube/config");
}

}  // namespace sb::kube
