#include "app/webhooks/url.h"

#include <algorithm>
#include <charconv>

namespace todo::webhooks {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;

constexpr std::size_t kLongest = 2048;

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}
bool IsAddressCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
         c == '.';
}

tl::unexpected<sb::Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Expected<Url> ParseUrl(std::string_view text) {
  if (text.size() > kLongest) return Wrong("URL should have at most 2048 characters");
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f || c == '\\' || c == '#') {
      return Wrong("URL should hold neither spaces, backslashes, fragments nor other than ASCII");
    }
  }
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return Wrong("URL should begin with https:// or http://");
  }
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  url.target = text.substr(end);
  if (url.target.empty() || url.target.front() == '?') url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) {
    return Wrong("URL should hold no user or password");
  }
  url.host_header = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return Wrong("URL should have a host");
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return Wrong("URL should have a host");
    port = authority.empty() ? authority : authority.substr(1);
    if (!std::all_of(url.host.begin(), url.host.end(), IsAddressCharacter)) url.host.clear();
    if (!authority.empty() && port.empty()) return Wrong("URL should have a port from 1 to 65535");
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return Wrong("URL should have a port from 1 to 65535");
    }
    if (!std::all_of(url.host.begin(), url.host.end(), IsHostCharacter)) url.host.clear();
  }
  if (url.host.empty() || url.host.size() > 253) return Wrong("URL should have a host");
  url.port = url.tls ? "443" : "80";
  if (!port.empty()) {
    int number = 0;
    const auto [last, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (failed != std::errc() || last != port.data() + port.size() || number < 1 ||
        number > 65535) {
      return Wrong("URL should have a port from 1 to 65535");
    }
    url.port = std::to_string(number);
  }
  return url;
}

}  // namespace todo::webhooks
