// What the Direct engine does and what anticipation asks for, for Prometheus; made at each scrape,
// so that a workload that is gone is gone from it.
//
//   scalablebackend_scaling_desired_replicas{namespace,backend,target}
//   scalablebackend_scaling_current_replicas{…}
//   scalablebackend_scaling_rule{…,rule}                  1 for the limiting rule
//   scalablebackend_scaling_value{…,metric}, …_target     of the metric that decides
//   scalablebackend_scaling_evidence_age_seconds{…,metric}
//   scalablebackend_scaling_changes_total{…}              counts written by this process
//   scalablebackend_scaling_failures_total{…}             counts that could not be written
//   scalablebackend_scaling_anticipated_replicas{…}       the floor of former days, of both engines
#pragma once

#include <prometheus/collectable.h>

#include "operator/reconcile/direct_scaler.h"
#include "operator/scaling/forecaster.h"

namespace sb::reconcile {

// Thread-safe.
class ScalingMetrics : public prometheus::Collectable {
 public:
  ScalingMetrics(const DirectScaler& scaler, const scaling::Forecaster& forecaster)
      : scaler_(scaler), forecaster_(forecaster) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const DirectScaler& scaler_;
  const scaling::Forecaster& forecaster_;
};

}  // namespace sb::reconcile
