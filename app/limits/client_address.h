// Who asks, when there are proxies in between.
//
//   Proxies proxies = *Proxies::Parse("10.0.0.0/8, fd00::/8", "X-Forwarded-For");
//   std::optional<Address> client = proxies.ClientOf(request);
//
// Anybody can write anything into X-Forwarded-For; only what a proxy of ours has appended is true.
// So the list is read from its right end, starting with the peer itself: while the address in hand
// is a trusted proxy's, the next one to the left is what that proxy saw; the first that is not
// trusted is the client. What cannot be read ends the walk at the last trusted address. Nobody is
// trusted by default.
//
// Only one header is read (X-Forwarded-For, or RFC 7239's Forwarded): a proxy sets the one that it
// knows and lets the other through, as the client wrote it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "app/limits/address.h"
#include "common/error.h"
#include "common/http/wire/message.h"

namespace todo::limits {

class Proxies {
 public:
  // None trusted.
  Proxies() = default;
  // `networks`: separated by commas. `header`: "X-Forwarded-For" or "Forwarded", in any case.
  static sb::Expected<Proxies> Parse(std::string_view networks, std::string_view header);

  bool trusts_nobody() const { return trusted_.empty(); }

  // Nothing only if the peer's own address is unknown.
  std::optional<Address> ClientOf(const sb::http::Request& request) const;

 private:
  bool Trusts(const Address& address) const;

  std::vector<Network> trusted_;
  bool forwarded_ = false;
};

}  // namespace todo::limits
