#include "app/limits/client_address.h"

#include <algorithm>
#include <string>

namespace todo::limits {
namespace {

constexpr std::string_view kForwardedFor = "x-forwarded-for";
constexpr std::string_view kForwarded = "forwarded";

bool SameName(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what is behind the last `separator` off the end of `list`. Quotes are counted from the
// right, because what stands further left is the client's and need not be well-formed.
std::string_view TakeLast(std::string_view& list, char separator) {
  bool quoted = false;
  for (std::size_t i = list.size(); i > 0; --i) {
    if (list[i - 1] == '"') quoted = !quoted;
    if (list[i - 1] != separator || quoted) continue;
    const std::string_view last = list.substr(i);
    list = list.substr(0, i - 1);
    return Trimmed(last);
  }
  const std::string_view last = list;
  list = {};
  return Trimmed(last);
}

// "1.2.3.4", "1.2.3.4:80", "[2001:db8::1]:80", "2001:db8::1"
std::optional<Address> ParseNode(std::string_view node) {
  if (node.starts_with('[')) {
    const std::size_t end = node.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view port = node.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
    return Address::Parse(node.substr(1, end - 1));
  }
  const std::size_t colon = node.find(':');
  if (colon != std::string_view::npos && node.find(':', colon + 1) == std::string_view::npos) {
    node = node.substr(0, colon);
  }
  return Address::Parse(node);
}

// The address of one element of Forwarded: for="[2001:db8::1]:80";proto=https
std::optional<Address> ParseForwarded(std::string_view element) {
  while (!element.empty()) {
    std::string_view pair = TakeLast(element, ';');
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !SameName(pair.substr(0, equals), "for")) continue;
    std::string_view node = pair.substr(equals + 1);
    if (node.size() >= 2 && node.front() == '"' && node.back() == '"') {
      node = node.substr(1, node.size() - 2);
    }
    return ParseNode(node);
  }
  return std::nullopt;
}

}  // namespace

sb::Expected<Proxies> Proxies::Parse(std::string_view networks, std::string_view header) {
  Proxies proxies;
  if (SameName(header, kForwarded)) {
    proxies.forwarded_ = true;
  } else if (!SameName(header, kForwardedFor)) {
    return sb::Fail(sb::ErrorCode::kInvalidArgument,
                    "FORWARDED_HEADER is \"" + std::string(header) +
                        "\"; it can be X-Forwarded-For or Forwarded");
  }
  while (!networks.empty()) {
    const std::string_view text = TakeLast(networks, ',');
    if (text.empty()) continue;
    const auto network = Network::Parse(text);
    if (!network) {
      return sb::Fail(sb::ErrorCode::kInvalidArgument,
                      "TRUSTED_PROXIES: \"" + std::string(text) +
                          "\" is no network; write 10.0.0.0/8 or fd00::/8");
    }
    proxies.trusted_.push_back(*network);
  }
  return proxies;
}

bool Proxies::Trusts(const Address& address) const {
  return std::any_of(trusted_.begin(), trusted_.end(),
                     [&](const Network& network) { return network.Contains(address); });
}

std::optional<Address> Proxies::ClientOf(const sb::http::Request& request) const {
  std::optional<Address> client = Address::Parse(request.remote_address);
  if (!client || trusted_.empty() || !Trusts(*client)) return client;
  const std::string_view name = forwarded_ ? kForwarded : kForwardedFor;
  for (auto field = request.fields.rbegin(); field != request.fields.rend(); ++field) {
    if (!SameName(field->name, name)) continue;
    std::string_view list = field->value;
    while (!list.empty()) {
      const std::string_view element = TakeLast(list, ',');
      if (element.empty()) continue;  // RFC 9110 §5.6.1.2: empty elements are nothing
      const auto seen = forwarded_ ? ParseForwarded(element) : ParseNode(element);
      if (!seen) return client;
      client = seen;
      if (!Trusts(*client)) return client;
    }
  }
  return client;
}

}  // namespace todo::limits
