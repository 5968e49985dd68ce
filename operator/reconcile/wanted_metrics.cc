#include "operator/reconcile/wanted_metrics.h"

#include <memory>
#include <string>
#include <utility>

#include "operator/api/autoscaled.h"
#include "operator/plan/engine.h"
#include "operator/podmetrics/source.h"
#include "operator/reconcile/direct_scaler.h"

namespace sb::reconcile {
namespace {

// metrics-server itself looks every 15 s, and so does the HPA controller.
constexpr std::chrono::seconds kPodInterval{10};

}  // namespace

std::vector<scaling::WantedMetric> WantedMetrics(const api::Backend& backend,
                                                 const plan::MetricsApi& metrics_api,
                                                 bool leading) {
  std::vector<scaling::WantedMetric> wanted;
  std::shared_ptr<const api::PrometheusAccess> access;
  if (!backend.prometheus_access.IsPlain()) {
    access = std::make_shared<const api::PrometheusAccess>(backend.prometheus_access);
  }
  api::ForEachAutoscaled(backend, [&](const std::string& target, const std::string&,
                                      const api::Workload& workload) {
    const bool direct = plan::EngineOf(*workload.autoscaling, metrics_api) == api::Engine::kDirect;
    for (const api::Metric& metric : workload.autoscaling->metrics) {
      scaling::WantedMetric one{.id = {{backend.namespace_, backend.name}, target, metric.name}};
      if (metric.type == api::MetricType::kPrometheus) {
        one.url = backend.prometheus_url;
        one.query = metric.promql;
        one.access = access;
      } else if (metric.type != api::MetricType::kResource || direct) {
        const podmetrics::Source source = podmetrics::SourceOf(backend, target, metric);
        one.url = source.url;
        one.query = source.query;
        one.interval = kPodInterval;
        one.per_pod = metric.type == api::MetricType::kResource;
      } else {
        continue;
      }
      if (direct && metric.type != api::MetricType::kResource) one.interval = kDirectInterval;
      const bool idle = direct || metric.type == api::MetricType::kPrometheus;
      if (!leading && idle) one.interval = scaling::kOnDemand;
      wanted.push_back(std::move(one));
    }
  });
  return wanted;
}

}  // namespace sb::reconcile
