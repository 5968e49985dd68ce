#include "app/jobs/sum_squares.h"

#include <algorithm>

namespace todo::jobs {

std::string SumSquares(std::int64_t n) {
  __extension__ using Wide = unsigned __int128;
  Wide sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto square = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(i);
    sum += square;
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
