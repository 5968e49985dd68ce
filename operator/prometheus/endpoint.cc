#include <cctype>
#include <string>
#include <string_view>

#include "operator/prometheus/client.h"

namespace sb::promql {
namespace {

bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' ||
         c == ':' || c == '[' || c == ']';
}

tl::unexpected<Error> NotAnUrl(const std::string& why) {
  return Fail(ErrorCode::kInvalidArgument,
              "the url of Prometheus " + why + "; write it like http://prometheus.monitoring:9090");
}

}  // namespace

Expected<Endpoint> QueryEndpoint(std::string_view url) {
  std::string scheme;
  for (const std::string_view known : {"http://", "https://"}) {
    if (url.starts_with(known)) scheme = known;
  }
  if (scheme.empty()) return NotAnUrl("does not start with http:// or https://");
  const std::string_view rest = url.substr(scheme.size());
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view host = rest.substr(0, end);
  std::string_view path = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  if (host.find('@') != std::string_view::npos) {
    return NotAnUrl("holds a user name, which would end up in logs");
  }
  if (host.empty()) return NotAnUrl("names no host");
  for (const char c : host) {
    if (!IsHostCharacter(c)) return NotAnUrl("has a host that is none");
  }
  if (path.find_first_of("?#") != std::string_view::npos) {
    return NotAnUrl("has a query or a fragment");
  }
  for (const char c : path) {
    if (c <= ' ' || c == 0x7f) return NotAnUrl("has a path with white space");
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  return Endpoint{scheme + std::string(host), std::string(path) + "/api/v1/query"};
}

}  // namespace sb::promql
