#include "app/http/request_metrics.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <array>
#include <limits>

namespace todo::http {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// A status outside this list is counted as the last one.
constexpr std::array kCodes = {200, 201, 202, 204, 304, 307, 400, 401, 403, 404,
                               405, 409, 412, 413, 415, 422, 429, 500, 503, 0};
constexpr std::array kUsualCodes = {200, 202, 404, 409, 422, 500, 503};
// Powers of roughly 2.5 from 1 ms to 10 s, in nanoseconds.
constexpr std::array<std::uint64_t, 13> kBounds = {
    1'000'000,     2'500'000,     5'000'000,     10'000'000,  25'000'000,
    50'000'000,    100'000'000,   250'000'000,   500'000'000, 1'000'000'000,
    2'500'000'000, 5'000'000'000, 10'000'000'000};
constexpr std::array<std::string_view, 8> kMethods = {"GET",    "POST", "PUT",     "PATCH",
                                                      "DELETE", "HEAD", "OPTIONS", "other"};

std::size_t CodeSlot(int code) {
  const auto* found = std::find(kCodes.begin(), kCodes.end() - 1, code);
  return static_cast<std::size_t>(found - kCodes.begin());
}

}  // namespace

RequestMetrics::Shard::Shard(std::size_t series)
    : codes_(series * kCodes.size()),
      buckets_(series * (kBounds.size() + 1)),
      nanoseconds_(series) {}

void RequestMetrics::Shard::Finished(std::size_t series, int code, std::chrono::nanoseconds took) {
  Add(codes_[series * kCodes.size() + CodeSlot(code)], 1);
  const auto spent = static_cast<std::uint64_t>(took.count());
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(kBounds.begin(), kBounds.end(), spent) - kBounds.begin());
  Add(buckets_[series * (kBounds.size() + 1) + bucket], 1);
  Add(nanoseconds_[series], spent);
  Add(in_flight_, static_cast<std::uint64_t>(-1));
}

RequestMetrics::RequestMetrics(std::vector<RouteLabels> routes, std::size_t threads)
    : series_(std::move(routes)), first_unmatched_(series_.size()) {
  for (const std::string_view method : kMethods)
    series_.push_back({std::string(method), "unmatched"});
  for (std::size_t i = 0; i < threads; ++i) {
    shards_.push_back(std::unique_ptr<Shard>(new Shard(series_.size())));
  }
}

std::size_t RequestMetrics::SeriesOfUnmatched(std::string_view method) const {
  // Methods come from the network: a label value per invention would grow without bound.
  const auto* found = std::find(kMethods.begin(), kMethods.end() - 1, method);
  return first_unmatched_ + static_cast<std::size_t>(found - kMethods.begin());
}

std::vector<MetricFamily> RequestMetrics::Collect() const {
  MetricFamily requests{"http_requests_total", "Requests answered.", MetricType::Counter, {}};
  MetricFamily durations{"http_request_duration_seconds",
                         "From a request's last byte to its answer.",
                         MetricType::Histogram,
                         {}};
  MetricFamily in_flight{
      "http_requests_in_flight", "Requests being handled.", MetricType::Gauge, {}};

  const auto sum = [&](auto member, std::size_t index) {
    std::uint64_t total = 0;
    for (const auto& shard : shards_) {
      total += ((*shard).*member)[index].load(std::memory_order_relaxed);
    }
    return total;
  };
  for (std::size_t series = 0; series < series_.size(); ++series) {
    const auto& [method, route] = series_[series];
    const bool matched = series < first_unmatched_;
    for (std::size_t slot = 0; slot < kCodes.size(); ++slot) {
      const std::uint64_t count = sum(&Shard::codes_, series * kCodes.size() + slot);
      const int code = kCodes[slot];
      const bool usual =
          matched && std::find(kUsualCodes.begin(), kUsualCodes.end(), code) != kUsualCodes.end();
      if (count == 0 && !usual) continue;
      ClientMetric metric;
      metric.label = {{"method", method},
                      {"route", route},
                      {"code", code == 0 ? "other" : std::to_string(code)}};
      metric.counter.value = static_cast<double>(count);
      requests.metric.push_back(std::move(metric));
    }
    ClientMetric metric;
    metric.label = {{"method", method}, {"route", route}};
    std::uint64_t cumulative = 0;
    for (std::size_t bucket = 0; bucket <= kBounds.size(); ++bucket) {
      cumulative += sum(&Shard::buckets_, series * (kBounds.size() + 1) + bucket);
      ClientMetric::Bucket out;
      out.cumulative_count = cumulative;
      out.upper_bound = bucket < kBounds.size() ? static_cast<double>(kBounds[bucket]) / 1e9
                                                : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back(out);
    }
    if (cumulative == 0 && !matched) continue;
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = static_cast<double>(sum(&Shard::nanoseconds_, series)) / 1e9;
    durations.metric.push_back(std::move(metric));
  }
  std::uint64_t present = 0;
  for (const auto& shard : shards_) present += shard->in_flight_.load(std::memory_order_relaxed);
  ClientMetric gauge;
  gauge.gauge.value = static_cast<double>(static_cast<std::int64_t>(present));
  in_flight.metric.push_back(std::move(gauge));
  MetricFamily shed{"http_requests_shed_total",
                    "Requests refused at once, because more were in flight than can be served.",
                    MetricType::Counter,
                    {}};
  std::uint64_t refused = 0;
  for (const auto& shard : shards_) refused += shard->shed_.load(std::memory_order_relaxed);
  ClientMetric counter;
  counter.counter.value = static_cast<double>(refused);
  shed.metric.push_back(std::move(counter));
  return {std::move(requests), std::move(durations), std::move(in_flight), std::move(shed)};
}

}  // namespace todo::http
