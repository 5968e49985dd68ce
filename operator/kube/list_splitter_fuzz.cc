// However the bytes of a list are cut, the same items and the same envelope come out; and what is a
// list of objects for a JSON parser has as many items. The first byte says how to cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "operator/kube/list_splitter.h"

namespace {

using sb::kube::ListSplitter;

struct Outcome {
  std::vector<std::string> items;
  std::string envelope;
  ListSplitter::Result result = ListSplitter::Result::kMore;
  bool complete = false;

  bool operator==(const Outcome&) const = default;
};

Outcome Split(std::string_view text, std::size_t step) {
  Outcome outcome;
  ListSplitter splitter(1 << 16);
  while (!text.empty() && outcome.result == ListSplitter::Result::kMore) {
    const std::string_view part = text.substr(0, step);
    text.remove_prefix(part.size());
    outcome.result = splitter.Feed(part, [&](std::string_view item) {
      outcome.items.emplace_back(item);
      return true;
    });
  }
  outcome.envelope = splitter.envelope();
  outcome.complete = splitter.Complete();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Outcome whole = Split(text, std::string_view::npos);
  if (!(whole == Split(text, 1u + bytes[0]))) std::abort();
  const sb::Json json = sb::Json::parse(text, nullptr, false);
  if (!json.is_object() || whole.result != ListSplitter::Result::kMore) return 0;
  if (!whole.complete) std::abort();
  const auto items = json.find("items");
  // Of members with one name the parser keeps the last; the splitter refuses a second "items".
  if (items != json.end() && items->is_array() && !whole.items.empty() &&
      items->size() != whole.items.size()) {
    std::abort();
  }
  return 0;
}
