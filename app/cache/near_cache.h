// A small cache inside the thread, in front of Redis: what was read from Redis a moment ago needs
// no trip to it, as long as Redis tells us what was changed since.
//
//   NearCache near({.most_bytes = 1 << 20}, NearCache::Clock::now());
//   if (const std::string* value = near.Find(7)) …        // valid until the next call
//   near.Put(7, "bob");                                   // only what a tracked connection gave
//   near.Erase(7);                                        // an invalidation
//   near.Flush();                                         // the tracking connection was lost
//
// Bounded by bytes; what was not asked for since the hand came by goes first (CLOCK). An entry
// lives for `most_age` at most, told by Tick, which bounds what a silent peer can cost. Loop thread
// only, stats() from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace todo::cache {

struct NearCacheOptions {
  std::size_t most_bytes = std::size_t{1} << 20;  // values and what holds them
  std::chrono::seconds most_age{30};
};

struct NearCacheStats {
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> misses{0};
  std::atomic<std::uint64_t> evictions{0};      // to make room
  std::atomic<std::uint64_t> invalidations{0};  // of entries that were there
  std::atomic<std::uint64_t> flushes{0};        // of everything
  std::atomic<std::uint64_t> entries{0};
  std::atomic<std::uint64_t> bytes{0};
};

class NearCache {
 public:
  using Clock = std::chrono::steady_clock;

  NearCache(NearCacheOptions options, Clock::time_point now) : options_(options), now_(now) {}

  // While false, Find and Put do nothing: nobody would tell us of changes. False at first.
  void Enable(bool enabled);

  const std::string* Find(std::int64_t key);
  void Put(std::int64_t key, std::string_view value);
  void Erase(std::int64_t key);
  void Flush();
  void Tick(Clock::time_point now) { now_ = now; }

  const NearCacheStats& stats() const { return stats_; }

 private:
  struct Slot {
    std::int64_t key = 0;
    std::string value;
    Clock::time_point until{};
    bool used = false;    // holds an entry
    bool wanted = false;  // asked for since the hand came by
  };
  static std::size_t Cost(std::size_t value_size);
  void Free(std::size_t slot);
  void EvictOne();
  // Counters have one writer: no need for an atomic addition.
  static void Count(std::atomic<std::uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  const NearCacheOptions options_;
  NearCacheStats stats_;
  std::unordered_map<std::int64_t, std::uint32_t> slot_of_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t hand_ = 0;
  std::size_t bytes_ = 0;
  Clock::time_point now_;
  bool enabled_ = false;
};

}  // namespace todo::cache
