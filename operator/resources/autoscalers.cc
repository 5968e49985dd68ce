#include "operator/resources/autoscalers.h"

#include <string>
#include <utility>

#include "operator/api/names.h"
#include "operator/resources/metadata.h"

namespace sb::resources {
namespace {

Json Target(const api::MetricTarget& target) {
  switch (target.type) {
    case api::TargetType::kAverageValue:
      return {{"type", "AverageValue"}, {"averageValue", target.quantity.ToString()}};
    case api::TargetType::kValue:
      return {{"type", "Value"}, {"value", target.quantity.ToString()}};
    case api::TargetType::kAverageUtilization:
      break;
  }
  return {{"type", "Utilization"}, {"averageUtilization", target.average_utilization}};
}

std::optional<Json> Autoscaler(const api::Backend& backend, const api::Workload& workload,
                               const std::string& name, const char* component,
                               const std::string& worker) {
  if (!workload.autoscaling) return std::nullopt;
  const api::Autoscaling& autoscaling = *workload.autoscaling;
  if (autoscaling.engine == api::Engine::kDirect || autoscaling.paused) return std::nullopt;
  // External metrics first: API servers that store autoscaling/v1 put resource metrics last.
  Json metrics = Json::array();
  for (const api::Metric& metric : workload.autoscaling->metrics) {
    if (metric.type == api::MetricType::kResource) continue;
    metrics.push_back(
        {{"type", "External"},
         {"external",
          {{"metric",
            {{"name", metric.name},
             {"selector", {{"matchLabels", SelectorLabels(backend, component, worker)}}}}},
           {"target", Target(metric.target)}}}});
  }
  for (const api::Metric& metric : workload.autoscaling->metrics) {
    if (metric.container.empty()) continue;
    metrics.push_back({{"type", "ContainerResource"},
                       {"containerResource",
                        {{"name", metric.resource},
                         {"container", metric.container},
                         {"target", Target(metric.target)}}}});
  }
  for (const api::Metric& metric : workload.autoscaling->metrics) {
    if (metric.type != api::MetricType::kResource || !metric.container.empty()) continue;
    metrics.push_back(
        {{"type", "Resource"},
         {"resource", {{"name", metric.resource}, {"target", Target(metric.target)}}}});
  }
  Json autoscaler = {
      {"apiVersion", "autoscaling/v2"},
      {"kind", "HorizontalPodAutoscaler"},
      {"metadata", ChildMetadata(backend, name, component, worker)},
      {"spec",
       {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}}},
        {"minReplicas", autoscaling.hpa_min_replicas > 0 ? autoscaling.hpa_min_replicas
                                                         : autoscaling.min_replicas},
        {"maxReplicas", autoscaling.hpa_max_replicas > 0 ? autoscaling.hpa_max_replicas
                                                         : autoscaling.max_replicas},
        {"metrics", std::move(metrics)}}}};
  if (!workload.autoscaling->behavior.is_null()) {
    autoscaler["spec"]["behavior"] = workload.autoscaling->behavior;
  }
  return autoscaler;
}

}  // namespace

std::optional<Json> ApiHorizontalPodAutoscaler(const api::Backend& backend) {
  return Autoscaler(backend, backend.api, api::ApiName(backend.name), api::kApiComponent, "");
}

std::optional<Json> WorkerHorizontalPodAutoscaler(const api::Backend& backend,
                                                  const api::Worker& worker) {
  return Autoscaler(backend, worker, api::WorkerName(backend.name, worker.name),
                    api::kWorkerComponent, worker.name);
}

}  // namespace sb::resources
