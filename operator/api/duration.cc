#include "operator/api/duration.h"

#include <cstdint>

namespace sb::api {

std::optional<std::chrono::seconds> ParseDuration(std::string_view text) {
  constexpr std::int64_t kMost = 10'000 * 3600;
  constexpr std::string_view kUnits = "hms";
  std::int64_t total = 0;
  std::int64_t number = 0;
  bool digits = false;
  std::size_t next_unit = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      digits = true;
      if (number > kMost) return std::nullopt;
      continue;
    }
    const std::size_t unit = kUnits.find(c, next_unit);
    if (unit == std::string_view::npos || !digits) return std::nullopt;
    total += number * (unit == 0 ? 3600 : unit == 1 ? 60 : 1);
    if (total > kMost) return std::nullopt;
    next_unit = unit + 1;
    number = 0;
    digits = false;
  }
  if (digits || next_unit == 0) return std::nullopt;
  return std::chrono::seconds(total);
}

}  // namespace sb::api
