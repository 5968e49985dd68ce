// Two texts, separated by a NUL: being the same quantity is symmetric, holds for each with itself,
// and only holds for texts that are quantities.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "operator/kube/quantity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using sb::kube::ParseQuantity;
  using sb::kube::SameQuantity;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::size_t split = text.find('\0');
  const std::string_view a = text.substr(0, split);
  const std::string_view b = split == text.npos ? a : text.substr(split + 1);
  if (SameQuantity(a, b) != SameQuantity(b, a)) std::abort();
  const auto amount = ParseQuantity(a);
  if (amount.has_value() != SameQuantity(a, a)) std::abort();
  if (SameQuantity(a, b) && !ParseQuantity(b)) std::abort();
  if (amount && std::isnan(*amount)) std::abort();
  return 0;
}
