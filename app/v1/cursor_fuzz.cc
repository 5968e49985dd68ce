// Whatever comes as a cursor or as a list of entity tags: no crash, and a cursor that is taken is
// exactly one that we would have made.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/http/conditional.h"
#include "app/v1/cursor.h"
#include "app/v1/entity_tag.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  using namespace todo::v1;
  const std::uint64_t list = ListOf(7, "");
  if (const auto id = DecodeCursor(text, list)) {
    if (EncodeCursor(*id, list) != text) std::abort();
    if (DecodeCursor(text, ListOf(8, ""))) std::abort();
  }
  // Nobody may change what a read of it would not have called the same.
  for (const std::int64_t version : AllowedBy(text).versions) {
    if (todo::http::MatchesNone(text, TagOf(version))) std::abort();
  }
  return 0;
}
