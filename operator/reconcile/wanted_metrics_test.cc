// How often each metric is asked for on each replica: what Prometheus pays, and how fast a count
// follows.
#include "operator/reconcile/wanted_metrics.h"

#include <gtest/gtest.h>

#include <map>

#include "operator/reconcile/direct_scaler.h"

namespace sb::reconcile {
namespace {

using namespace std::chrono_literals;
using scaling::kOnDemand;

api::Metric Metric(api::MetricType type, const std::string& name) {
  return {.type = type, .name = name, .promql = "up", .resource = "cpu", .queue = "mail"};
}

api::Backend WithEngine(api::Engine engine) {
  api::Backend backend;
  backend.name = "todo";
  backend.namespace_ = "shop";
  backend.prometheus_url = "http://p";
  backend.api.autoscaling =
      api::Autoscaling{.engine = engine,
                       .metrics = {Metric(api::MetricType::kPrometheus, "query"),
                                   Metric(api::MetricType::kQueue, "queue"),
                                   Metric(api::MetricType::kResource, "cpu")}};
  return backend;
}

std::map<std::string, std::chrono::milliseconds> Intervals(api::Engine engine, bool leading) {
  std::map<std::string, std::chrono::milliseconds> intervals;
  for (const auto& wanted : WantedMetrics(WithEngine(engine), {}, leading)) {
    intervals[wanted.id.metric] = wanted.interval;
  }
  return intervals;
}

using Expectation = std::map<std::string, std::chrono::milliseconds>;

TEST(WantedMetrics, OfTheHpaPrometheusIsAskedWhenTheHpaAsks) {
  EXPECT_EQ(Intervals(api::Engine::kHpa, true), (Expectation{{"query", 0ms}, {"queue", 10s}}));
  EXPECT_EQ(Intervals(api::Engine::kHpa, false),
            (Expectation{{"query", kOnDemand}, {"queue", 10s}}));
}

TEST(WantedMetrics, OnlyTheLeaderOfDirectLooksEveryTwoSeconds) {
  EXPECT_EQ(Intervals(api::Engine::kDirect, true),
            (Expectation{{"query", kDirectInterval}, {"queue", kDirectInterval}, {"cpu", 10s}}));
  EXPECT_EQ(Intervals(api::Engine::kDirect, false),
            (Expectation{{"query", kOnDemand}, {"queue", kOnDemand}, {"cpu", kOnDemand}}));
}

// metrics.k8s.io is asked for pods of a workload that the operator itself scales on them only.
TEST(WantedMetrics, ResourcesAreReadPodByPod) {
  for (const auto& wanted : WantedMetrics(WithEngine(api::Engine::kDirect), {}, true)) {
    EXPECT_EQ(wanted.per_pod, wanted.id.metric == "cpu");
  }
}

TEST(WantedMetrics, CredentialsGoToPrometheusOnly) {
  api::Backend backend = WithEngine(api::Engine::kDirect);
  backend.prometheus_access = {.namespace_ = "shop", .bearer_token = {{"prom", "token"}}};
  for (const auto& wanted : WantedMetrics(backend, {}, true)) {
    const bool prometheus = wanted.id.metric == "query";
    EXPECT_EQ(wanted.access ? *wanted.access : api::PrometheusAccess{},
              prometheus ? backend.prometheus_access : api::PrometheusAccess{});
  }
}

}  // namespace
}  // namespace sb::reconcile
