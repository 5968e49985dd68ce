// IP addresses and networks, for limits and for proxies that are trusted.
//
//   Address::Parse("2001:db8::1")->Prefix()          // "2001:db8:0:0::/64"
//   Network::Parse("10.0.0.0/8")->Contains(*Address::Parse("10.1.2.3"))    // true
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace todo::limits {

class Address {
 public:
  // No host names, ports, brackets or zones. An IPv4 address in IPv6 (::ffff:10.0.0.1) is the IPv4
  // address.
  static std::optional<Address> Parse(std::string_view text);

  bool is_v4() const { return v4_; }
  // Who is limited: an IPv4 address, or the /64 of an IPv6 one, which one customer has whole.
  std::string Prefix() const;
  bool operator==(const Address&) const = default;

 private:
  friend class Network;
  std::array<std::uint8_t, 16> bytes_{};  // the first four of an IPv4 address
  bool v4_ = false;
};

class Network {
 public:
  // "10.0.0.0/8", "fd00::/8", or an address alone.
  static std::optional<Network> Parse(std::string_view text);
  bool Contains(const Address& address) const;

 private:
  Address first_;
  int bits_ = 0;
};

}  // namespace todo::limits
