#include "app/limits/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace todo::limits {
namespace {

constexpr std::size_t kLongest = INET6_ADDRSTRLEN;

bool IsMapped(const std::array<std::uint8_t, 16>& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

}  // namespace

std::optional<Address> Address::Parse(std::string_view text) {
  if (text.empty() || text.size() >= kLongest) return std::nullopt;
  char copy[kLongest];
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  if (std::strlen(copy) != text.size()) return std::nullopt;  // a NUL inside
  Address address;
  if (inet_pton(AF_INET, copy, address.bytes_.data()) == 1) {
    address.v4_ = true;
    return address;
  }
  if (inet_pton(AF_INET6, copy, address.bytes_.data()) != 1) return std::nullopt;
  if (IsMapped(address.bytes_)) {
    std::copy(address.bytes_.begin() + 12, address.bytes_.end(), address.bytes_.begin());
    std::fill(address.bytes_.begin() + 4, address.bytes_.end(), 0);
    address.v4_ = true;
  }
  return address;
}

std::string Address::Prefix() const {
  char text[kLongest];
  if (v4_) {
    inet_ntop(AF_INET, bytes_.data(), text, sizeof text);
    return text;
  }
  std::array<std::uint8_t, 16> prefix = bytes_;
  std::fill(prefix.begin() + 8, prefix.end(), 0);
  inet_ntop(AF_INET6, prefix.data(), text, sizeof text);
  return std::string(text) + "/64";
}

std::optional<Network> Network::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto first = Address::Parse(text.substr(0, slash));
  if (!first) return std::nullopt;
  Network network;
  network.first_ = *first;
  const int most = first->v4_ ? 32 : 128;
  network.bits_ = most;
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, failed] =
        std::from_chars(bits.data(), bits.data() + bits.size(), network.bits_);
    if (failed != std::errc() || end != bits.data() + bits.size() || network.bits_ < 0 ||
        network.bits_ > most) {
      return std::nullopt;
    }
  }
  return network;
}

bool Network::Contains(const Address& address) const {
  if (address.v4_ != first_.v4_) return false;
  int left = bits_;
  for (std::size_t i = 0; left > 0; ++i, left -= 8) {
    const int shift = left >= 8 ? 0 : 8 - left;
    if ((address.bytes_[i] >> shift) != (first_.bytes_[i] >> shift)) return false;
  }
  return true;
}

}  // namespace todo::limits
