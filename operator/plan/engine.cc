#include "operator/plan/engine.h"

#include <algorithm>

#include "operator/scaling/policy.h"

namespace sb::plan {

api::Engine EngineOf(const api::Autoscaling& autoscaling, const MetricsApi& metrics_api) {
  if (autoscaling.engine != api::Engine::kAuto) return autoscaling.engine;
  if (autoscaling.min_replicas == 0) return api::Engine::kDirect;
  const bool resources_only = std::all_of(
      autoscaling.metrics.begin(), autoscaling.metrics.end(),
      [](const api::Metric& metric) { return metric.type == api::MetricType::kResource; });
  return resources_only || metrics_api.ours ? api::Engine::kHpa : api::Engine::kDirect;
}

api::Backend WithEngines(api::Backend backend, const MetricsApi& metrics_api, WallTime now) {
  const auto decide = [&](api::Workload& workload) {
    if (!workload.autoscaling) return;
    api::Autoscaling& autoscaling = *workload.autoscaling;
    autoscaling.engine = EngineOf(autoscaling, metrics_api);
    const scaling::Policy policy = scaling::MakePolicy(autoscaling);
    const scaling::Bounds bounds = scaling::BoundsAt(
        autoscaling.min_replicas, autoscaling.max_replicas, policy.schedules, now);
    autoscaling.hpa_min_replicas = bounds.floor;
    autoscaling.hpa_max_replicas = bounds.ceiling;
  };
  decide(backend.api);
  for (api::Worker& worker : backend.workers) decide(worker);
  return backend;
}

}  // namespace sb::plan
