#include "operator/kube/kubeconfig_entries.h"

#include <utility>

#include "common/base64.h"
#include "operator/kube/proxy_url.h"
#include "operator/kube/yaml_document.h"

namespace sb::kube {
namespace {

using Refusal = std::optional<std::string>;

std::string Absolute(const KubeconfigEntry& entry, const std::string& path) {
  if (path.empty() || path.front() == '/' || entry.directory.empty()) return path;
  return entry.directory + "/" + path;
}

bool IsTrue(const Json& mapping, const char* key) {
  const std::string text = ScalarText(mapping, key);
  return text == "true" || text == "True" || text == "TRUE" || text == "yes" || text == "on";
}

bool IsSet(const Json& mapping, const char* key) {
  const Json* field = Find(mapping, {key});
  return field && !field->empty() && *field != "";  // null is empty
}

// "x-data" holds the content in base64 and wins over the file named by "x".
Refusal ReadContent(const KubeconfigEntry& entry, const std::string& key, std::string& pem,
                    std::string& file) {
  const std::string data = ScalarText(entry.value, (key + "-data").c_str());
  if (data.empty()) {
    file = Absolute(entry, ScalarText(entry.value, key.c_str()));
    return std::nullopt;
  }
  auto decoded = DecodeBase64(data);
  if (!decoded) return key + "-data is not base64";
  pem = std::move(*decoded);
  return std::nullopt;
}

Refusal ReadExec(const KubeconfigEntry& user, const Json& exec, ExecPlugin& plugin) {
  plugin.api_version = ScalarText(exec, "apiVersion");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return "exec: apiVersion " + plugin.api_version +
           " is not supported; use client.authentication.k8s.io/v1 or v1beta1";
  }
  plugin.command = ScalarText(exec, "command");
  if (plugin.command.empty()) return "exec: command is not set";
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = Absolute(user, plugin.command);
  }
  const std::string mode = ScalarText(exec, "interactiveMode");
  if (mode == "Always") {
    return "exec: " + plugin.command +
           " has to ask somebody (interactiveMode: Always), and nobody is here to answer";
  }
  if (!mode.empty() && mode != "Never" && mode != "IfAvailable") {
    return "exec: interactiveMode " + mode + " is not Never, IfAvailable or Always";
  }
  if (const Json* arguments = Find(exec, {"args"}); arguments && arguments->is_array()) {
    for (const Json& argument : *arguments) {
      plugin.arguments.push_back(argument.is_string() ? argument.get<std::string>()
                                                      : argument.dump());
    }
  }
  if (const Json* environment = Find(exec, {"env"}); environment && environment->is_array()) {
    for (const Json& variable : *environment) {
      std::string name = ScalarText(variable, "name");
      if (name.empty() || name.find('=') != std::string::npos) {
        return "exec: env has an entry without a proper name";
      }
      plugin.environment.emplace_back(std::move(name), ScalarText(variable, "value"));
    }
  }
  plugin.install_hint = ScalarText(exec, "installHint");
  plugin.provide_cluster_info = IsTrue(exec, "provideClusterInfo");
  return std::nullopt;
}

}  // namespace

Refusal ReadCluster(const KubeconfigEntry& cluster, ClusterConfig& config) {
  config.server = ScalarText(cluster.value, "server");
  while (config.server.ends_with('/')) config.server.pop_back();
  if (config.server.empty()) return "it has no server";
  config.tls_server_name = ScalarText(cluster.value, "tls-server-name");
  config.insecure_skip_tls_verify = IsTrue(cluster.value, "insecure-skip-tls-verify");
  config.proxy_url = ScalarText(cluster.value, "proxy-url");
  if (!config.proxy_url.empty()) {
    if (auto proxy = ParseProxyUrl(config.proxy_url); !proxy) return proxy.error().message;
  }
  if (auto why = ReadContent(cluster, "certificate-authority", config.ca_pem, config.ca_file)) {
    return why;
  }
  if (config.insecure_skip_tls_verify && !(config.ca_pem.empty() && config.ca_file.empty())) {
    return "a certificate-authority together with insecure-skip-tls-verify: remove one of them";
  }
  return std::nullopt;
}

Refusal ReadUser(const KubeconfigEntry& user, ClusterConfig& config) {
  for (const char* unsupported :
       {"auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"}) {
    if (IsSet(user.value, unsupported)) {
      return std::string(unsupported) +
             " is not supported; use a token, a tokenFile, a client certificate or an exec plugin";
    }
  }
  if (auto why = ReadContent(user, "client-certificate", config.client_certificate_pem,
                             config.client_certificate_file)) {
    return why;
  }
  if (auto why = ReadContent(user, "client-key", config.client_key_pem, config.client_key_file)) {
    return why;
  }
  const bool has_certificate =
      !config.client_certificate_pem.empty() || !config.client_certificate_file.empty();
  const bool has_key = !config.client_key_pem.empty() || !config.client_key_file.empty();
  if (has_certificate != has_key) {
    return has_key ? "client-key without client-certificate"
                   : "client-certificate without client-key";
  }
  config.token = ScalarText(user.value, "token");
  config.token_file = Absolute(user, ScalarText(user.value, "tokenFile"));
  // A token at hand wins over a plugin, as with kubectl.
  if (!IsSet(user.value, "exec") || !config.token.empty() || !config.token_file.empty()) {
    return std::nullopt;
  }
  if (has_certificate) return "exec together with a client-certificate: remove one of them";
  return ReadExec(user, user.value["exec"], config.exec.emplace());
}

Json ExecExtension(const KubeconfigEntry& cluster) {
  const Json* extensions = Find(cluster.value, {"extensions"});
  if (!extensions || !extensions->is_array()) return nullptr;
  for (const Json& extension : *extensions) {
    if (ScalarText(extension, "name") != "client.authentication.k8s.io/exec") continue;
    if (const Json* value = Find(extension, {"extension"})) return *value;
  }
  return nullptr;
}

}  // namespace sb::kube
