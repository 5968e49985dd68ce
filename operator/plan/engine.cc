#include "operator/plan/engine.h"

#include <algorithm>
#include <string>

#include "operator/api/autoscaled.h"
#include "operator/scaling/policy.h"

namespace sb::plan {
namespace {

// The HPA's minReplicas by anticipation. `live`: the HPA, or null.
void RaiseMin(api::Autoscaling& autoscaling, const AnticipatedFloor& floor, const Json* live) {
  const int present = live ? static_cast<int>(IntAt(*live, {"spec", "minReplicas"})) : 0;
  const int raised =
      std::min(floor.loading ? present : floor.replicas, autoscaling.hpa_max_replicas);
  if (raised <= autoscaling.hpa_min_replicas) return;
  if (!floor.loading) {
    autoscaling.hpa_min_why = "minReplicas raised from " +
                              std::to_string(autoscaling.hpa_min_replicas) + " to " +
                              std::to_string(raised) + " by anticipation: " + floor.why;
  }
  autoscaling.hpa_min_replicas = raised;
}

}  // namespace

api::Engine EngineOf(const api::Autoscaling& autoscaling, const MetricsApi& metrics_api) {
  if (autoscaling.engine != api::Engine::kAuto) return autoscaling.engine;
  if (autoscaling.min_replicas == 0) return api::Engine::kDirect;
  const bool resources_only = std::all_of(
      autoscaling.metrics.begin(), autoscaling.metrics.end(),
      [](const api::Metric& metric) { return metric.type == api::MetricType::kResource; });
  return resources_only || metrics_api.ours ? api::Engine::kHpa : api::Engine::kDirect;
}

api::Backend WithEngines(api::Backend backend, const Observed& observed, WallTime now) {
  api::ForEachAutoscaled(
      backend, [&](const std::string& target, const std::string& name, api::Workload& workload) {
        api::Autoscaling& autoscaling = *workload.autoscaling;
        autoscaling.engine = EngineOf(autoscaling, observed.metrics_api);
        const scaling::Policy policy = scaling::MakePolicy(autoscaling);
        const scaling::Bounds bounds = scaling::BoundsAt(
            autoscaling.min_replicas, autoscaling.max_replicas, policy.schedules, now);
        autoscaling.hpa_min_replicas = bounds.floor;
        autoscaling.hpa_max_replicas = bounds.ceiling;
        const auto floor = observed.anticipated.find(target);
        if (autoscaling.anticipation && floor != observed.anticipated.end()) {
          RaiseMin(autoscaling, floor->second, observed.Find("HorizontalPodAutoscaler", name));
        }
      });
  return backend;
}

}  // namespace sb::plan
