#include "app/cache/redis_url.h"

#include <charconv>
#include <optional>

namespace todo::cache {
namespace {

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, failed] = std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16);
    if (failed != std::errc() || end != &text[i + 1] + 2) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

template <typename Number>
bool ParseWhole(std::string_view text, Number& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size();
}

auto Invalid(const char* what) {
  return sb::Fail(
      sb::ErrorCode::kInvalidArgument,
      std::string("Redis URL: ") + what + "; expected redis://:password@host:port/database");
}

}  // namespace

sb::Expected<RedisUrl> ParseRedisUrl(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) return Invalid("the scheme is not redis://");
  url.remove_prefix(kScheme.size());
  RedisUrl parsed;
  const std::size_t slash = url.find('/');
  std::string_view authority = url.substr(0, slash);
  std::string_view database = slash == std::string_view::npos ? "" : url.substr(slash + 1);
  database = database.substr(0, database.find('?'));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const std::size_t colon = login.find(':');
    const auto user = Decode(login.substr(0, colon));
    const auto password =
        Decode(colon == std::string_view::npos ? std::string_view() : login.substr(colon + 1));
    if (!user || !password) return Invalid("broken percent-encoding");
    parsed.user = *user;
    parsed.password = *password;
  }
  std::string_view port;
  if (authority.starts_with('[')) {  // an IPv6 address
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return Invalid("the address has no ']'");
    parsed.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (authority.starts_with(':')) port = authority.substr(1);
  } else {
    const std::size_t colon = authority.find(':');
    parsed.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  if (parsed.host.empty()) return Invalid("the host is missing");
  if (!port.empty()) {
    std::uint16_t number = 0;
    if (!ParseWhole(port, number) || number == 0) return Invalid("the port is not a number");
    parsed.port = port;
  }
  if (!database.empty() && (!ParseWhole(database, parsed.database) || parsed.database < 0)) {
    return Invalid("the database is not a number");
  }
  return parsed;
}

}  // namespace todo::cache
