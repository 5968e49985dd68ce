// Of whom Prometheus is asked about former days: too many is load on it, too few is no
// anticipation.
#include "operator/reconcile/wanted_pasts.h"

#include <gtest/gtest.h>

#include "operator/api/parse.h"

namespace sb::reconcile {
namespace {

api::Backend With(const Json& autoscaling, const Json& more = Json::object()) {
  Json spec = {{"api", {{"autoscaling", autoscaling}}}};
  spec.update(more);
  const Json object = {{"metadata", {{"name", "todo"}, {"namespace", "shop"}, {"uid", "u"}}},
                       {"spec", spec}};
  auto backend = api::Parse(object, {"todo:1", "postgres:1", "redis:1", "http://prometheus:9090"});
  EXPECT_TRUE(backend) << backend.error().message;
  return *backend;
}

Json Autoscaling() {
  return {{"maxReplicas", 9},
          {"anticipation", {{"season", "Weekly"}, {"maxReplicas", 7}}},
          {"behavior", {{"scaleUp", {{"tolerance", "0.2"}}}}},
          {"metrics",
           {{{"type", "Resource"}, {"resource", "cpu"}, {"target", {{"averageUtilization", 70}}}},
            {{"type", "Prometheus"},
             {"name", "load"},
             {"query", "sum(load{ns=\"$(namespace)\"})"},
             {"target", {{"averageValue", "10"}}}},
            {{"type", "Prometheus"},
             {"name", "lag"},
             {"query", "max(lag)"},
             {"target", {{"value", "5"}}}}}}};
}

TEST(WantedPasts, AreTheMetricsWhosePastSaysHowManyPods) {
  const auto wanted = WantedPasts(With(Autoscaling()));
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].target, "api");
  EXPECT_EQ(wanted[0].max_replicas, 9);
  EXPECT_EQ(wanted[0].anticipation.season, api::Season::kWeekly);
  EXPECT_EQ(wanted[0].anticipation.max_replicas, 7);
  EXPECT_DOUBLE_EQ(wanted[0].tolerance, 0.2);
  ASSERT_EQ(wanted[0].metrics.size(), 1u);
  EXPECT_EQ(wanted[0].metrics[0].policy.name, "load");
  EXPECT_EQ(wanted[0].metrics[0].source.url, "http://prometheus:9090");
  EXPECT_EQ(wanted[0].metrics[0].source.query, "sum(load{ns=\"shop\"})");
  EXPECT_FALSE(wanted[0].metrics[0].source.access);
}

TEST(WantedPasts, AreAskedWithTheCredentialsOfTheBackend) {
  const auto wanted = WantedPasts(With(
      Autoscaling(),
      {{"monitoring", {{"prometheus", {{"bearerToken", {{"name", "prom"}, {"key", "token"}}}}}}}}));
  ASSERT_EQ(wanted.size(), 1u);
  ASSERT_TRUE(wanted[0].metrics[0].source.access);
  EXPECT_EQ(wanted[0].metrics[0].source.access->bearer_token->name, "prom");
}

TEST(WantedPasts, OptedOutOrPausedIsNothing) {
  Json autoscaling = Autoscaling();
  EXPECT_TRUE(WantedPasts(With(autoscaling, {{"paused", true}})).empty());
  autoscaling["paused"] = true;
  EXPECT_TRUE(WantedPasts(With(autoscaling)).empty());
  autoscaling.erase("paused");
  autoscaling.erase("anticipation");
  EXPECT_TRUE(WantedPasts(With(autoscaling)).empty());
}

}  // namespace
}  // namespace sb::reconcile
