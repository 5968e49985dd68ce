// Limits of this process alone, for when Redis is away: each replica then allows the whole rate.
//
//   LocalLimiter limiter;
//   Level level = limiter.Take({{"token:203.0.113.7", rate}}, now_us)[0];
//
// A table of fixed size (256 KiB, taken with the first use): when there are more keys than places,
// the one that has the least to its account is forgotten. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "app/limits/gcra.h"

namespace todo::limits {

// What one request is counted on.
struct Charge {
  std::string key;
  Rate rate;
};

class LocalLimiter {
 public:
  // A level for each charge. If one is refused none is counted.
  std::vector<Level> Take(std::span<const Charge> charges, std::int64_t now_us);

 private:
  static constexpr std::size_t kSets = 4096;
  static constexpr std::size_t kWays = 4;
  struct Entry {
    std::uint64_t hash = 0;
    std::int64_t arrival_us = 0;
  };

  Entry& Find(const std::string& key);

  std::mutex table_lock_;
  std::vector<std::array<Entry, kWays>> table_;
  std::array<char, 16> seed_{};  // so that nobody can choose keys that fall on one place
};

}  // namespace todo::limits
