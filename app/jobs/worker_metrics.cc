#include "app/jobs/worker_metrics.h"

#include <algorithm>
#include <string>

#include "app/jobs/kinds.h"
#include "common/metrics/family.h"

namespace todo::jobs {
namespace {

using prometheus::MetricType;
using sb::metrics::AddSample;
using sb::metrics::Family;

constexpr const char* kEndingNames[] = {"done", "retried", "dead", "handed_back"};

}  // namespace

WorkerMetrics::WorkerMetrics() : series_(Kinds().size() + 1) {}

void WorkerMetrics::Ended(std::string_view kind, Ending ending,
                          std::chrono::steady_clock::duration took) {
  const auto kinds = Kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& one) { return one.name == kind; });
  Series& series =
      series_[static_cast<std::size_t>(found - kinds.begin())][static_cast<std::size_t>(ending)];
  const double seconds = std::chrono::duration<double>(took).count();
  const auto* const bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  series.buckets[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(
      1, std::memory_order_relaxed);
  series.sum_us.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

std::vector<prometheus::MetricFamily> WorkerMetrics::Collect() const {
  auto processed = Family("jobs_processed_total", "Attempts by outcome.", MetricType::Counter);
  auto durations = Family("job_duration_seconds", "Time of an attempt.", MetricType::Histogram);
  for (std::size_t kind = 0; kind < series_.size(); ++kind) {
    const bool known = kind < Kinds().size();
    const std::string name = known ? std::string(Kinds()[kind].name) : "unknown";
    for (std::size_t ending = 0; ending < kEndings; ++ending) {
      const Series& series = series_[kind][ending];
      prometheus::ClientMetric metric;
      metric.label = {{"kind", name}, {"outcome", kEndingNames[ending]}};
      std::uint64_t count = 0;
      for (std::size_t i = 0; i < kBounds.size(); ++i) {
        count += series.buckets[i].load(std::memory_order_relaxed);
        metric.histogram.bucket.push_back({count, kBounds[i]});
      }
      count += series.buckets[kBounds.size()].load(std::memory_order_relaxed);
      AddSample(processed, static_cast<double>(count),
                {{"kind", name}, {"outcome", kEndingNames[ending]}});
      if (count == 0) continue;
      metric.histogram.bucket.push_back({count, std::numeric_limits<double>::infinity()});
      metric.histogram.sample_count = count;
      metric.histogram.sample_sum =
          static_cast<double>(series.sum_us.load(std::memory_order_relaxed)) / 1e6;
      durations.metric.push_back(std::move(metric));
    }
  }
  auto in_hand = Family("jobs_in_hand", "Attempts that run now.", MetricType::Gauge);
  AddSample(in_hand, static_cast<double>(in_hand_.load(std::memory_order_relaxed)));
  auto relayed =
      Family("jobs_relayed_total", "Jobs handed from PostgreSQL to Redis.", MetricType::Counter);
  AddSample(relayed, static_cast<double>(relayed_.load(std::memory_order_relaxed)));
  return {std::move(processed), std::move(durations), std::move(in_hand), std::move(relayed)};
}

}  // namespace todo::jobs
