#include "operator/reconcile/wanted_pasts.h"

#include <memory>
#include <string>
#include <utility>

#include "operator/api/autoscaled.h"
#include "operator/scaling/policy.h"

namespace sb::reconcile {

std::vector<scaling::WantedPast> WantedPasts(const api::Backend& backend) {
  std::vector<scaling::WantedPast> wanted;
  std::shared_ptr<const api::PrometheusAccess> access;
  if (!backend.prometheus_access.IsPlain()) {
    access = std::make_shared<const api::PrometheusAccess>(backend.prometheus_access);
  }
  api::ForEachAutoscaled(
      backend, [&](const std::string& target, const std::string&, const api::Workload& workload) {
        if (!workload.autoscaling->anticipation) return;
        // Nothing is raised while paused, so nothing is asked.
        if (backend.paused || workload.autoscaling->paused) return;
        const scaling::Policy policy = scaling::MakePolicy(*workload.autoscaling);
        scaling::WantedPast past{.target = target,
                                 .anticipation = *policy.anticipation,
                                 .max_replicas = policy.max_replicas,
                                 .tolerance = policy.behavior.up.tolerance};
        for (std::size_t i = 0; i < policy.metrics.size(); ++i) {
          if (!policy.metrics[i].recorded) continue;
          past.metrics.push_back(
              {policy.metrics[i],
               {backend.prometheus_url, workload.autoscaling->metrics[i].promql, access}});
        }
        wanted.push_back(std::move(past));
      });
  return wanted;
}

}  // namespace sb::reconcile
