#include "operator/kube/proxy_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace sb::kube {
namespace {

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned value = 0;
    const char* end = text.data() + i + 3;
    if (i + 2 >= text.size() || std::from_chars(text.data() + i + 1, end, value, 16).ptr != end) {
      return std::nullopt;
    }
    decoded += static_cast<char>(value);
    i += 2;
  }
  return decoded;
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool IsHost(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
  });
}

tl::unexpected<Error> Refuse(const std::string& why) {
  return Fail(ErrorCode::kInvalidArgument, "proxy-url: " + why);
}

}  // namespace

Expected<ProxyUrl> ParseProxyUrl(const std::string& url) {
  std::string_view rest = url;
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end == std::string_view::npos) {
    return Refuse("not a URL; it has to be http://host:port");
  }
  std::string scheme(rest.substr(0, scheme_end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (scheme == "https" || scheme == "socks5" || scheme == "socks5h") {
    return Refuse(scheme + " proxies are not supported; use an http:// proxy");
  }
  if (scheme != "http") return Refuse("not a proxy's scheme; it has to be http://host:port");
  rest.remove_prefix(scheme_end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  ProxyUrl proxy;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const std::size_t colon = std::min(login.find(':'), login.size());
    auto user = PercentDecode(login.substr(0, colon));
    auto password = PercentDecode(login.substr(std::min(colon + 1, login.size())));
    if (!user || !password || user->empty() || user->find(':') != std::string::npos) {
      return Refuse("user and password have to be percent-encoded");
    }
    proxy.user = std::move(*user);
    proxy.password = std::move(*password);
  }
  const std::size_t colon = rest.rfind(':');
  const std::string_view host = rest.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? "80" : rest.substr(colon + 1);
  if (!IsHost(host) || !IsPort(port)) {
    return Refuse("not a host name or IPv4 address and a port: http://host:port");
  }
  proxy.address = "http://" + std::string(host) + ":" + std::string(port);
  return proxy;
}

}  // namespace sb::kube
