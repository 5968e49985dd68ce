#include "operator/scaling/stand_in.h"

#include <utility>

#include "operator/scaling/decision.h"

namespace sb::scaling {

void StandIn::SetWanted(const BackendKey& backend,
                        const std::map<std::string, api::Autoscaling>& targets) {
  const std::lock_guard lock(metrics_mutex_);
  std::map<MetricId, Metric> old;
  for (auto each = metrics_.lower_bound({backend, "", ""});
       each != metrics_.end() && each->first.backend == backend;) {
    old.insert(metrics_.extract(each++));
  }
  for (const auto& [target, autoscaling] : targets) {
    if (!autoscaling.fallback) continue;
    for (const api::Metric& metric : autoscaling.metrics) {
      if (metric.type == api::MetricType::kResource) continue;
      const MetricId id{backend, target, metric.name};
      Metric wanted{*autoscaling.fallback, metric.target, std::nullopt};
      if (const auto known = old.find(id); known != old.end())
        wanted.missing_since = known->second.missing_since;
      metrics_.emplace(id, wanted);
    }
  }
}

Sample StandIn::Replace(const MetricId& id, Sample sample, WallTime now) {
  Metric metric;
  {
    const std::lock_guard lock(metrics_mutex_);
    const auto found = metrics_.find(id);
    if (found == metrics_.end()) return sample;
    if (sample.evidence == Evidence::kFresh) {
      found->second.missing_since.reset();
      return sample;
    }
    if (!found->second.missing_since) found->second.missing_since = now;
    metric = found->second;
  }
  if (now - *metric.missing_since < metric.fallback.after) return sample;
  const Counts counts = counts_of_(id.backend, id.target);
  const bool average = metric.target.type == api::TargetType::kAverageValue;
  if (!average && counts.ready == 0) return sample;
  const double target = static_cast<double>(metric.target.quantity.milli()) / 1000;
  const double wanted = FallbackReplicas(metric.fallback, counts.current);
  return {.evidence = Evidence::kFresh,
          .value = average ? target * wanted : target * wanted / counts.ready,
          .at = now};
}

}  // namespace sb::scaling
