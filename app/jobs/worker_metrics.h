// What a worker counts:
//   jobs_processed_total{kind,outcome}        attempts; outcome: done, retried, dead, handed_back
//   job_duration_seconds{kind,outcome}        of those attempts (histogram)
//   jobs_in_hand                              attempts that run now
//   jobs_relayed_total                        handed from PostgreSQL to Redis, again ones included
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string_view>
#include <vector>

namespace todo::jobs {

enum class Ending { kDone, kRetried, kDead, kHandedBack };

// Thread-safe. The kinds are those of Kinds(); all others count as "unknown".
class WorkerMetrics : public prometheus::Collectable {
 public:
  WorkerMetrics();

  void Ended(std::string_view kind, Ending ending, std::chrono::steady_clock::duration took);
  void SetInHand(std::size_t jobs) { in_hand_.store(jobs, std::memory_order_relaxed); }
  void Relayed(std::size_t jobs) { relayed_.fetch_add(jobs, std::memory_order_relaxed); }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  static constexpr std::array<double, 11> kBounds = {0.005, 0.025, 0.1, 0.5, 1,  2.5,
                                                     5,     10,    30,  60,  300};
  static constexpr std::size_t kEndings = 4;
  struct Series {
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets{};
    std::atomic<std::uint64_t> sum_us{0};
  };

  std::vector<std::array<Series, kEndings>> series_;  // by kind, the last is "unknown"
  std::atomic<std::size_t> in_hand_{0};
  std::atomic<std::uint64_t> relayed_{0};
};

}  // namespace todo::jobs
