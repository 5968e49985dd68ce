#include "app/webhooks/public_address.h"

#include <cstdint>

namespace todo::webhooks {
namespace {

namespace ip = boost::asio::ip;

struct Network {
  std::uint32_t address;
  int bits;
};

constexpr std::uint32_t Of(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// iana-ipv4-special-registry: all that is not globally reachable, and multicast.
constexpr Network kNotPublic[] = {
    {Of(0, 0, 0, 0), 8},      {Of(10, 0, 0, 0), 8},     {Of(100, 64, 0, 0), 10},
    {Of(127, 0, 0, 0), 8},    {Of(169, 254, 0, 0), 16}, {Of(172, 16, 0, 0), 12},
    {Of(192, 0, 0, 0), 24},   {Of(192, 0, 2, 0), 24},   {Of(192, 88, 99, 0), 24},
    {Of(192, 168, 0, 0), 16}, {Of(198, 18, 0, 0), 15},  {Of(198, 51, 100, 0), 24},
    {Of(203, 0, 113, 0), 24}, {Of(224, 0, 0, 0), 4},    {Of(240, 0, 0, 0), 4},
};

bool IsPublicV4(std::uint32_t address) {
  for (const Network& network : kNotPublic) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - network.bits);
    if ((address & mask) == network.address) return false;
  }
  return true;
}

}  // namespace

bool IsPublic(const ip::address& address) {
  if (address.is_v4()) return IsPublicV4(address.to_v4().to_uint());
  const ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  const auto inner = [&](std::size_t at) {
    return Of(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
  };
  // An IPv4 address in another dress is judged as what it is: mapped (::ffff:0:0/96), translated
  // (64:ff9b::/96), 6to4 (2002::/16).
  if (address.to_v6().is_v4_mapped()) return IsPublicV4(inner(12));
  if (bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b) {
    for (std::size_t i = 4; i < 12; ++i) {
      if (bytes[i] != 0) return false;
    }
    return IsPublicV4(inner(12));
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return IsPublicV4(inner(2));
  // Global unicast is 2000::/3; inside it 2001::/23 (protocol assignments, Teredo) and
  // 2001:db8::/32, 3fff::/20 (documentation) are not.
  if ((bytes[0] & 0xe0) != 0x20) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8) return false;
  return !(bytes[0] == 0x3f && bytes[1] == 0xff && (bytes[2] & 0xf0) == 0);
}

}  // namespace todo::webhooks
