// http_requests_total{method,route,code}, http_request_duration_seconds{method,route},
// http_requests_in_flight and http_requests_shed_total (refused before they had a route). Each
// thread counts in a shard of its own, without locks or shared cache lines; a scrape adds the
// shards up.
//
//   RequestMetrics metrics({{"GET", "/users/{user_id}"}}, /*threads=*/2);
//   RequestMetrics::Shard& shard = metrics.shard(0);
//   shard.Started(); ...; shard.Finished(metrics.RouteOf(0), 200, elapsed);
//
// Series of the usual codes exist from the start, at zero: rate() needs the sample before the first
// request.
#pragma once

#include <prometheus/collectable.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace todo::http {

class RequestMetrics : public prometheus::Collectable {
 public:
  struct RouteLabels {
    std::string method;
    std::string route;
  };

  // Written by one thread only.
  class Shard {
   public:
    void Started() { Add(in_flight_, 1); }
    void Shed() { Add(shed_, 1); }
    void Finished(std::size_t series, int code, std::chrono::nanoseconds took);

   private:
    friend class RequestMetrics;
    using Count = std::atomic<std::uint64_t>;
    explicit Shard(std::size_t series);
    // A plain add that scrapes may read meanwhile: no other thread writes, so no locked
    // instruction.
    static void Add(Count& count, std::uint64_t by) {
      count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::vector<Count> codes_;    // series x kCodes
    std::vector<Count> buckets_;  // series x (bounds + 1)
    std::vector<Count> nanoseconds_;
    Count in_flight_{0};
    Count shed_{0};
  };

  RequestMetrics(std::vector<RouteLabels> routes, std::size_t threads);

  Shard& shard(std::size_t thread) { return *shards_[thread]; }
  // Series of the route declared at that position, and of a request that no route took.
  std::size_t SeriesOf(std::size_t route) const { return route; }
  std::size_t SeriesOfUnmatched(std::string_view method) const;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::vector<RouteLabels> series_;
  std::size_t first_unmatched_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace todo::http
