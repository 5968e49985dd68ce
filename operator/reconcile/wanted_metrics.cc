#include "operator/reconcile/wanted_metrics.h"

#include <string>

#include "operator/plan/engine.h"
#include "operator/podmetrics/source.h"
#include "operator/reconcile/direct_scaler.h"

namespace sb::reconcile {

std::vector<scaling::WantedMetric> WantedMetrics(const api::Backend& backend,
                                                 const plan::MetricsApi& metrics_api) {
  std::vector<scaling::WantedMetric> wanted;
  const auto add = [&](const std::string& target, const api::Workload& workload) {
    if (!workload.autoscaling) return;
    const bool direct = plan::EngineOf(*workload.autoscaling, metrics_api) == api::Engine::kDirect;
    for (const api::Metric& metric : workload.autoscaling->metrics) {
      scaling::WantedMetric one{.id = {{backend.namespace_, backend.name}, target, metric.name}};
      if (direct) one.interval = kDirectInterval;
      if (metric.type == api::MetricType::kPrometheus) {
        one.url = backend.prometheus_url;
        one.query = metric.promql;
      } else if (metric.type != api::MetricType::kResource || direct) {
        const podmetrics::Source source = podmetrics::SourceOf(backend, target, workload, metric);
        one.url = source.url;
        one.query = source.query;
        // metrics-server itself looks every 15 s.
        if (metric.type == api::MetricType::kResource) one.interval = std::chrono::seconds(10);
      } else {
        continue;
      }
      wanted.push_back(std::move(one));
    }
  };
  add("api", backend.api);
  for (const api::Worker& worker : backend.workers) add("worker/" + worker.name, worker);
  return wanted;
}

}  // namespace sb::reconcile
