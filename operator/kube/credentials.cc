#include "operator/kube/credentials.h"

#include <cstdio>
#include <map>
#include <mutex>

#include "common/json.h"
#include "operator/kube/configured_credentials.h"
#include "operator/kube/exec_credentials.h"

namespace sb::kube {
namespace {

// Whatever tells two plugins apart.
std::string Identity(const ClusterConfig& config, const Clock& clock) {
  const ExecPlugin& plugin = *config.exec;
  Json identity = {plugin.user,
                   plugin.api_version,
                   plugin.command,
                   plugin.arguments,
                   plugin.environment,
                   plugin.provide_cluster_info,
                   plugin.cluster_extension,
                   config.server,
                   config.tls_server_name,
                   config.insecure_skip_tls_verify,
                   config.ca_pem,
                   config.ca_file,
                   config.proxy_url,
                   reinterpret_cast<std::uintptr_t>(&clock)};
  return identity.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// The operator has a transport for its work and one for its Lease; a person who has to log in for
// the plugin wants to do so once.
std::shared_ptr<CredentialSource> SharedPlugin(const ClusterConfig& config, const Clock& clock) {
  static std::mutex plugins_mutex;
  static auto& plugins = *new std::map<std::string, std::weak_ptr<CredentialSource>>();
  std::lock_guard lock(plugins_mutex);
  std::erase_if(plugins, [](const auto& plugin) { return plugin.second.expired(); });
  std::weak_ptr<CredentialSource>& known = plugins[Identity(config, clock)];
  auto source = known.lock();
  if (!source) known = source = std::make_shared<ExecCredentials>(config, clock);
  return source;
}

}  // namespace

Expected<std::shared_ptr<CredentialSource>> MakeCredentials(const ClusterConfig& config,
                                                            const Clock& clock) {
  if (config.exec) return SharedPlugin(config, clock);
  return ConfiguredCredentials::Make(config, clock);
}

std::string BearerAuthorization(std::string_view token) {
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  while (!token.empty() && is_space(token.front())) token.remove_prefix(1);
  for (const char c : token) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F') return "";
  }
  return token.empty() ? "" : "Bearer " + std::string(token);
}

}  // namespace sb::kube
