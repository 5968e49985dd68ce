#include "operator/reconcile/scaling_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <utility>

namespace sb::reconcile {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::vector<ClientMetric::Label>;

Labels LabelsOf(const DirectScaler::Present& present) {
  return {{"namespace", present.backend.namespace_},
          {"backend", present.backend.name},
          {"target", present.target}};
}

Labels With(Labels labels, const char* name, const std::string& value) {
  labels.push_back({name, value});
  return labels;
}

void Add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

}  // namespace

std::vector<MetricFamily> ScalingMetrics::Collect() const {
  const auto family = [](const char* name, const char* help, MetricType type) {
    return MetricFamily{std::string("scalablebackend_scaling_") + name, help, type, {}};
  };
  auto desired = family("desired_replicas", "Pods that the decision asks for.", MetricType::Gauge);
  auto current = family("current_replicas", "spec.replicas.", MetricType::Gauge);
  auto rule = family("rule", "What limits the count.", MetricType::Gauge);
  auto value = family("value", "Of the metric that decides.", MetricType::Gauge);
  auto target = family("target", "Of the metric that decides.", MetricType::Gauge);
  auto age = family("evidence_age_seconds", "Of that value.", MetricType::Gauge);
  auto changes = family("changes_total", "Counts written.", MetricType::Counter);
  auto failures = family("failures_total", "Counts not written.", MetricType::Counter);
  for (const DirectScaler::Present& present : scaler_.Snapshot()) {
    const Labels labels = LabelsOf(present);
    const scaling::Decision& decision = present.decision;
    Add(desired, labels, decision.replicas);
    Add(current, labels, present.current);
    Add(rule, With(labels, "rule", scaling::ToString(decision.rule)), 1);
    Add(changes, labels, static_cast<double>(present.changes));
    Add(failures, labels, static_cast<double>(present.failures));
    if (decision.metric.empty()) continue;
    Add(value, With(labels, "metric", decision.metric), decision.value);
    Add(target, With(labels, "metric", decision.metric), decision.target);
    Add(age, With(labels, "metric", decision.metric),
        static_cast<double>(decision.evidence_age.count()));
  }
  auto anticipated =
      family("anticipated_replicas", "Floor that former days give.", MetricType::Gauge);
  for (const auto& [workload, floor] : forecaster_.Floors()) {
    const auto& [backend, its_target] = workload;
    if (!floor.anticipated) continue;
    Add(anticipated,
        {{"namespace", backend.namespace_name}, {"backend", backend.name}, {"target", its_target}},
        floor.anticipated->replicas);
  }
  return {desired, current, rule, value, target, age, changes, failures, anticipated};
}

}  // namespace sb::reconcile
