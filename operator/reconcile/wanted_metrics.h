// Which metrics of a backend the sampler should watch, where each is read, and how often.
#pragma once

#include <vector>

#include "operator/api/backend.h"
#include "operator/plan/observed.h"
#include "operator/scaling/sampler.h"

namespace sb::reconcile {

// Those of a workload with the Direct engine every two seconds, others at the sampler's own pace:
// the HPA asks for the present value when it wants it. Metrics of type Resource are the stock
// controller's own business with the HPA engine.
std::vector<scaling::WantedMetric> WantedMetrics(const api::Backend& backend,
                                                 const plan::MetricsApi& metrics_api);

}  // namespace sb::reconcile
