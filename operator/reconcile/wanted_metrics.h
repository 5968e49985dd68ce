// Which metrics of a backend the sampler should watch, where each is read, and how often.
#pragma once

#include <vector>

#include "operator/api/backend.h"
#include "operator/plan/observed.h"
#include "operator/scaling/sampler.h"

namespace sb::reconcile {

// On the leader, which decides and writes conditions: those of a workload with the Direct engine
// every two seconds, those of the HPA engine at the sampler's own pace, which the HPA's asks mostly
// spare. On a standby Prometheus is asked only when the HPA asks us. What is read from pods for the
// HPA is read each 10 s by both: a rate takes two readings. Metrics of type Resource are the stock
// controller's own business with the HPA engine.
std::vector<scaling::WantedMetric> WantedMetrics(const api::Backend& backend,
                                                 const plan::MetricsApi& metrics_api, bool leading);

}  // namespace sb::reconcile
