#include "app/jobs/sum_squares.h"

#include <algorithm>

namespace todo::jobs {

std::optional<std::string> SumSquares(std::int64_t n, const std::atomic<bool>* stop) {
  __extension__ using Wide = unsigned __int128;
  Wide sum = 0;
  constexpr std::int64_t kBetweenLooks = 1 << 20;
  for (std::int64_t from = 0; from < n; from += kBetweenLooks) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return std::nullopt;
    const std::int64_t to = std::min(n, from + kBetweenLooks);
    for (std::int64_t i = from; i < to; ++i) {
      const auto square = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(i);
      sum += square;
    }
  }
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(sum % 10));
    sum /= 10;
  } while (sum > 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace todo::jobs
