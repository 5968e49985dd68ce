// Whose past is wanted, and of which metrics: the workloads of a backend that have anticipation.
#pragma once

#include <vector>

#include "operator/api/backend.h"
#include "operator/scaling/forecaster.h"

namespace sb::reconcile {

// Empty for most. Of a workload's metrics those that Prometheus has recorded and that have a target
// per pod.
std::vector<scaling::WantedPast> WantedPasts(const api::Backend& backend);

}  // namespace sb::reconcile
