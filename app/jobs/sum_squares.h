// The tutorial's background work: the sum of the squares of 0..n-1.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace todo::jobs {

inline constexpr std::int64_t kMostSquares = 1'000'000'000;

// Decimal, because from n = 3 million on the sum needs more than 64 bits. Takes about a nanosecond
// a square: it stands for real work, so it is not done with the closed formula.
// Nothing if `stop` was set meanwhile.
std::optional<std::string> SumSquares(std::int64_t n, const std::atomic<bool>* stop = nullptr);

}  // namespace todo::jobs
