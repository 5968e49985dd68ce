// Any files either make a configuration or a message; what they make keeps what the transport
// relies on. A line "%%" separates the files, so that merging is reached.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "operator/kube/kubeconfig.h"
#include "operator/kube/proxy_url.h"

namespace {

void CheckMessage(const sb::Error& error) {
  if (error.message.empty() || error.code != sb::ErrorCode::kInvalidArgument) std::abort();
  // The message is logged: it has to be valid UTF-8.
  (void)sb::Json(error.message).dump();
}

void Check(const sb::kube::ClusterConfig& config) {
  const bool certificate =
      !(config.client_certificate_pem.empty() && config.client_certificate_file.empty());
  const bool key = !(config.client_key_pem.empty() && config.client_key_file.empty());
  if (config.server.empty() || config.server.ends_with('/') || certificate != key) std::abort();
  if (!config.proxy_url.empty() && !sb::kube::ParseProxyUrl(config.proxy_url)) std::abort();
  if (config.exec && (config.exec->command.empty() || !config.token.empty())) std::abort();
  for (const std::string* file : {&config.ca_file, &config.client_certificate_file,
                                  &config.client_key_file, &config.token_file}) {
    if (!file->empty() && file->front() != '/') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  std::vector<sb::kube::KubeconfigText> files;
  for (bool more = true; more && files.size() < 4;) {
    const std::size_t end = rest.find("\n%%\n");
    more = end != std::string_view::npos;
    files.push_back({std::string(rest.substr(0, end)), "/dir"});
    if (more) rest.remove_prefix(end + 4);
  }
  for (const char* context : {"", "x"}) {
    const auto config = sb::kube::ParseKubeconfigs(files, context);
    if (config) {
      Check(*config);
    } else {
      CheckMessage(config.error());
    }
  }
  return 0;
}
