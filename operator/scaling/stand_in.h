// The fallback of the HPA engine: while a metric has given no evidence for fallback.after, the
// metrics API answers the HPA with the value that makes it want the fallback's count. So the
// fallback holds on every replica that answers, and follows the wall clock, not a number of
// failures.
//
//   StandIn stand_in([&](const BackendKey& backend, const std::string& target) { return count; });
//   stand_in.SetWanted(backend, …);                 // whenever a spec changes
//   sample = stand_in.Replace(id, sample, now);     // what the metrics API answers
//
// Value: with AverageValue target x count. With Value the HPA multiplies by its ready pods, which
// only it knows, so target x count / (ready pods as we see them); with none ready the failure
// stays. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "operator/api/backend.h"
#include "operator/scaling/sample.h"

namespace sb::scaling {

class StandIn {
 public:
  struct Counts {
    int current = 0;
    int ready = 0;
  };
  // The present count of a workload. Thread-safe, no I/O.
  using CountsOf = std::function<Counts(const BackendKey&, const std::string& target)>;

  explicit StandIn(CountsOf counts_of) : counts_of_(std::move(counts_of)) {}

  // From now on exactly the metrics of these workloads (by target) have a fallback.
  void SetWanted(const BackendKey& backend, const std::map<std::string, api::Autoscaling>& targets);
  // `sample` as it is, or a fresh one in its stead.
  Sample Replace(const MetricId& id, Sample sample, WallTime now);

 private:
  struct Metric {
    api::Fallback fallback;
    api::MetricTarget target;
    std::optional<WallTime> missing_since;
  };

  const CountsOf counts_of_;
  std::mutex metrics_mutex_;
  std::map<MetricId, Metric> metrics_;
};

}  // namespace sb::scaling
