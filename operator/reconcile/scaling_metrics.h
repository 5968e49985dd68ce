// What the Direct engine does, for Prometheus; made at each scrape, so that a workload that is gone
// is gone from it.
//
//   scalablebackend_scaling_desired_replicas{namespace,backend,target}
//   scalablebackend_scaling_current_replicas{…}
//   scalablebackend_scaling_rule{…,rule}                  1 for the limiting rule
//   scalablebackend_scaling_value{…,metric}, …_target     of the metric that decides
//   scalablebackend_scaling_evidence_age_seconds{…,metric}
//   scalablebackend_scaling_changes_total{…}              counts written by this process
//   scalablebackend_scaling_failures_total{…}             counts that could not be written
#pragma once

#include <prometheus/collectable.h>

#include "operator/reconcile/direct_scaler.h"

namespace sb::reconcile {

// Thread-safe.
class ScalingMetrics : public prometheus::Collectable {
 public:
  explicit ScalingMetrics(const DirectScaler& scaler) : scaler_(scaler) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const DirectScaler& scaler_;
};

}  // namespace sb::reconcile
