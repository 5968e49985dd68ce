#include "operator/scaling/policy.h"

namespace sb::scaling {
namespace {

MetricPolicy MakeMetric(const api::Metric& metric) {
  MetricPolicy policy{.name = metric.name, .type = metric.target.type};
  policy.target = metric.target.type == api::TargetType::kAverageUtilization
                      ? metric.target.average_utilization
                      : static_cast<double>(metric.target.quantity.milli()) / 1000;
  policy.per_pod = metric.type == api::MetricType::kResource;
  policy.recorded = metric.type == api::MetricType::kPrometheus &&
                    metric.target.type == api::TargetType::kAverageValue;
  policy.activation = static_cast<double>(metric.activation.milli()) / 1000;
  return policy;
}

}  // namespace

Policy MakePolicy(const api::Autoscaling& autoscaling) {
  Policy policy{.min_replicas = autoscaling.min_replicas,
                .max_replicas = autoscaling.max_replicas,
                .behavior = ParseBehavior(autoscaling.behavior),
                .fallback = autoscaling.fallback,
                .anticipation = autoscaling.anticipation,
                .cooldown = autoscaling.cooldown,
                .initial_cooldown = autoscaling.initial_cooldown,
                .paused = autoscaling.paused};
  for (const api::Metric& metric : autoscaling.metrics) {
    policy.metrics.push_back(MakeMetric(metric));
  }
  for (const api::Schedule& schedule : autoscaling.schedules) {
    policy.schedules.push_back({.cron = schedule.cron,
                                .zone = schedule.zone,
                                .duration = schedule.duration,
                                .floor = schedule.min_replicas,
                                .ceiling = schedule.max_replicas,
                                .name = "\"" + schedule.cron_text + "\" " + schedule.timezone});
  }
  return policy;
}

}  // namespace sb::scaling
