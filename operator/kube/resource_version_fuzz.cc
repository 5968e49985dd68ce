// Three texts, separated by NULs: IsNewer is a strict order of decimal numbers, of any length and
// with any zeros in front, and says nothing about other texts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "operator/kube/resource_version.h"

namespace {

std::string_view Next(std::string_view& text) {
  const std::string_view part = text.substr(0, text.find('\0'));
  text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using sb::kube::IsComparable;
  using sb::kube::IsNewer;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::string_view a = Next(text), b = Next(text), c = Next(text);
  if (IsNewer(a, a) || (IsNewer(a, b) && IsNewer(b, a))) std::abort();
  if (IsNewer(a, b) && IsNewer(b, c) && !IsNewer(a, c)) std::abort();
  if (IsNewer(a, b) && !(IsComparable(a) && IsComparable(b))) std::abort();
  return 0;
}
