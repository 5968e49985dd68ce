// Who writes the count of a workload: the stock HPA controller, or this operator through /scale.
//
//   if (EngineOf(*workload.autoscaling, observed.metrics_api) == api::Engine::kDirect) …
//
// Pure. That a slot which changes hands for a moment does not move workloads to and fro is the
// business of whoever fills in MetricsApi (metrics_api/slot_steadiness.h).
#pragma once

#include "operator/api/backend.h"
#include "operator/plan/observed.h"

namespace sb::plan {

// kHpa or kDirect. What the spec says; unset: kDirect with minReplicas 0 (the stock controller
// cannot everywhere), kHpa if all metrics are of type Resource (they need no slot) or the metrics
// API is ours, else kDirect.
api::Engine EngineOf(const api::Autoscaling& autoscaling, const MetricsApi& metrics_api);

// `backend` as its autoscalers are to be made now: engines decided, and for the HPA engine the
// bounds of the schedules that are open at `now` as minReplicas and maxReplicas of the HPA. A floor
// by anticipation is a minReplicas, too; while it is not known yet (an operator that has just
// started), the one that the HPA has stays if it is higher.
api::Backend WithEngines(api::Backend backend, const Observed& observed, WallTime now);

}  // namespace sb::plan
