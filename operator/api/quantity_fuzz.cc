// Whatever parses prints, and what was printed parses to the same value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "operator/api/quantity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto quantity = sb::api::Quantity::Parse({reinterpret_cast<const char*>(bytes), size});
  if (!quantity) return 0;
  const auto again = sb::api::Quantity::Parse(quantity->ToString());
  if (!again || *again != *quantity || again->ToString() != quantity->ToString()) std::abort();
  return 0;
}
