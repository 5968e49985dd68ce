// Whatever Redis, or somebody in its place, sends: read whole or in pieces it gives the same
// replies, and never more than the bytes could hold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/cache/reply.h"

namespace {

using todo::cache::Reply;
using todo::cache::ReplyReader;
using todo::cache::Value;

void Describe(const Value& value, std::string& out) {
  out += value.is_nil() ? "nil" : value.is_error() ? "error" : value.is_push() ? "push" : "";
  out += std::to_string(value.integer());
  out += '"';
  out += value.text();
  out += "\"[";
  for (std::size_t i = 0; i < value.size(); ++i) Describe(value[i], out);
  out += ']';
}

std::string ReadAll(std::string_view bytes, std::size_t step) {
  ReplyReader reader;
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.Feed(bytes.substr(at, step));
    for (;;) {
      Reply reply;
      const auto next = reader.Next(reply);
      if (!next) return seen + "broken";
      if (!*next) break;
      Describe(reply.value(), seen);
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = ReadAll(bytes, size == 0 ? 1 : size);
  if (ReadAll(bytes, 1) != whole || ReadAll(bytes, 7) != whole) std::abort();
  return 0;
}
