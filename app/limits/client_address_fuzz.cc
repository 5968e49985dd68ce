// Whatever stands in X-Forwarded-For and Forwarded: no crash, and a client never gets further than
// to be believed by a proxy that we trust. The first byte chooses the peer and the header; line
// breaks separate header lines.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "app/limits/client_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using todo::limits::Proxies;
  if (size == 0) return 0;
  static const Proxies kForwardedFor = *Proxies::Parse("10.0.0.0/8,fd00::/8", "X-Forwarded-For");
  static const Proxies kForwarded = *Proxies::Parse("10.0.0.0/8,fd00::/8", "Forwarded");
  const bool trusted = (bytes[0] & 1) != 0;
  const bool forwarded = (bytes[0] & 2) != 0;
  std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  std::vector<sb::http::HeaderField> fields;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : rest.size());
    fields.push_back({forwarded ? "Forwarded" : "X-Forwarded-For", line});
  }
  const sb::http::Request request{.method = "GET",
                                  .path = "/",
                                  .query = "",
                                  .body = "",
                                  .remote_address = trusted ? "10.0.0.1" : "203.0.113.9",
                                  .fields = fields};
  const auto client = (forwarded ? kForwarded : kForwardedFor).ClientOf(request);
  if (!client || client->Prefix().empty()) std::abort();
  if (!trusted && client->Prefix() != "203.0.113.9") std::abort();
  // The other header is none of its business.
  const auto other = (forwarded ? kForwardedFor : kForwarded).ClientOf(request);
  if (other->Prefix() != request.remote_address) std::abort();
  // What it says of an address holds for the text of it, too.
  if (client->is_v4() && todo::limits::Address::Parse(client->Prefix()) != client) std::abort();
  return 0;
}
