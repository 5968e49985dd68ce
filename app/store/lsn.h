// A place in PostgreSQL's write-ahead log, and how clients carry it: whoever shows the place of a
// write reads from nobody who has not replayed it.
#pragma once

#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace todo::store {

using Lsn = std::uint64_t;

inline constexpr Lsn kAnywhere = 0;
// Later than every place: no replica has it.
inline constexpr Lsn kPrimaryOnly = std::numeric_limits<Lsn>::max();

// The header of requests and answers.
inline constexpr std::string_view kConsistencyHeader = "Todo-Consistency";

inline std::string TokenOf(Lsn lsn) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, lsn, 16).ptr;
  return {digits, static_cast<std::size_t>(end - digits)};
}

// No token: kAnywhere. One that is none of ours: kPrimaryOnly, which is never wrong.
inline Lsn LsnOf(std::string_view token) {
  if (token.empty()) return kAnywhere;
  Lsn lsn = 0;
  const char* const end = token.data() + token.size();
  const auto [stop, failed] = std::from_chars(token.data(), end, lsn, 16);
  return failed == std::errc() && stop == end ? lsn : kPrimaryOnly;
}

// The latest writes of users, as far as this process made them, so that clients without a token
// read what they wrote. Fixed memory: users that share a place are as careful as the later writer.
// Thread-safe.
class RecentWrites {
 public:
  // Threads share it: who writes through one reads through another.
  static RecentWrites& OfProcess() {
    static RecentWrites writes;
    return writes;
  }

  void Wrote(std::int64_t user, Lsn lsn) {
    std::atomic<Lsn>& place = PlaceOf(user);
    Lsn before = place.load(std::memory_order_relaxed);
    while (before < lsn && !place.compare_exchange_weak(before, lsn)) {
    }
  }
  Lsn Of(std::int64_t user) const {
    return const_cast<RecentWrites*>(this)->PlaceOf(user).load(std::memory_order_relaxed);
  }

 private:
  std::atomic<Lsn>& PlaceOf(std::int64_t user) {
    return places_[(static_cast<std::uint64_t>(user) * 0x9E3779B97F4A7C15u) >> 52];
  }

  std::array<std::atomic<Lsn>, 4096> places_{};
};

}  // namespace todo::store
