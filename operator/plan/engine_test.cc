// Switching engines, pausing and switching autoscaling off must not move a count by itself.
#include "operator/plan/engine.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "operator/api/parse.h"
#include "operator/plan/fake_cluster.h"
#include "operator/plan/replicas.h"
#include "operator/plan/scaling_status.h"

namespace sb::plan {
namespace {

api::Autoscaling Spec(api::Engine engine, int min, api::MetricType type) {
  api::Autoscaling autoscaling{.engine = engine, .min_replicas = min, .max_replicas = 9};
  autoscaling.metrics = {{.type = type}};
  return autoscaling;
}

TEST(Engine, IsWhatTheSpecSaysElseByTheSlot) {
  using api::Engine;
  using api::MetricType;
  const MetricsApi ours;
  const MetricsApi foreign{.ours = false, .problem = "KEDA has it"};
  const struct {
    Engine said;
    int min;
    MetricType type;
    Engine with_slot, without;
  } cases[] = {
      {Engine::kHpa, 1, MetricType::kPrometheus, Engine::kHpa, Engine::kHpa},
      {Engine::kDirect, 1, MetricType::kPrometheus, Engine::kDirect, Engine::kDirect},
      {Engine::kAuto, 1, MetricType::kPrometheus, Engine::kHpa, Engine::kDirect},
      {Engine::kAuto, 0, MetricType::kPrometheus, Engine::kDirect, Engine::kDirect},
      {Engine::kAuto, 1, MetricType::kResource, Engine::kHpa, Engine::kHpa},
  };
  for (const auto& each : cases) {
    const api::Autoscaling autoscaling = Spec(each.said, each.min, each.type);
    EXPECT_EQ(EngineOf(autoscaling, ours), each.with_slot);
    EXPECT_EQ(EngineOf(autoscaling, foreign), each.without);
  }
}

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.BringUp(); }

  Json& Autoscaling() { return cluster_.backend["spec"]["api"]["autoscaling"]; }
  const Json* Hpa() { return cluster_.observed.Find("HorizontalPodAutoscaler", "todo-api"); }
  const Json& Deployment() { return *cluster_.observed.Find("Deployment", "todo-api"); }
  void Scale(int replicas, const char* manager) {
    Json live = Deployment();
    live["spec"]["replicas"] = replicas;
    live["metadata"]["managedFields"] =
        Json::array({{{"manager", manager},
                      {"operation", "Update"},
                      {"fieldsV1", {{"f:spec", {{"f:replicas", Json::object()}}}}}}});
    cluster_.Put({"Deployment", "todo-api"}, std::move(live));
  }

  testing::FakeCluster cluster_;
};

TEST_F(EngineTest, ToDirectAndBackKeepsTheCount) {
  ASSERT_NE(Hpa(), nullptr);
  Scale(7, api::kHpaFieldManager);
  Autoscaling()["engine"] = "Direct";
  cluster_.Settle();
  EXPECT_EQ(Hpa(), nullptr);
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 7);
  Scale(5, api::kScaleFieldManager);
  Autoscaling()["engine"] = "HPA";
  cluster_.Settle();
  EXPECT_NE(Hpa(), nullptr);
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 5);
}

TEST_F(EngineTest, PauseTakesTheHpaAwayAndKeepsTheCount) {
  Scale(7, api::kHpaFieldManager);
  Autoscaling()["paused"] = true;
  cluster_.Settle();
  EXPECT_EQ(Hpa(), nullptr);
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 7);
  Autoscaling().erase("paused");
  cluster_.Settle();
  EXPECT_NE(Hpa(), nullptr);
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 7);
}

TEST_F(EngineTest, SwitchingOffKeepsTheCountUntilSomebodyGivesOne) {
  const Json before = Autoscaling();
  Scale(7, api::kScaleFieldManager);
  cluster_.backend["spec"]["api"].erase("autoscaling");
  cluster_.Settle();
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 7);
  cluster_.backend["spec"]["api"]["autoscaling"] = before;
  cluster_.Settle();
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 7);
  cluster_.backend["spec"]["api"].erase("autoscaling");
  cluster_.backend["spec"]["api"]["replicas"] = 3;
  cluster_.Settle();
  EXPECT_EQ(IntAt(Deployment(), {"spec", "replicas"}), 3);
}

TEST_F(EngineTest, AForeignSlotIsWorkedAround) {
  cluster_.observed.metrics_api = {.ours = false, .problem = "keda has it"};
  cluster_.Settle();
  EXPECT_EQ(Hpa(), nullptr);
}

TEST_F(EngineTest, AScheduleMovesTheBoundsOfTheHpa) {
  const std::string now = FormatTime(cluster_.now);
  const int minute = std::stoi(now.substr(14, 2));
  const int hour = std::stoi(now.substr(11, 2));
  Autoscaling()["schedules"] = {
      {{"cron", std::to_string(minute) + " " + std::to_string(hour) + " * * *"},
       {"duration", "5m"},
       {"minReplicas", 5}}};
  const Plan plan = cluster_.Settle();
  ASSERT_TRUE(plan.requeue_after);
  EXPECT_LE(*plan.requeue_after, std::chrono::seconds(61));
  EXPECT_EQ(IntAt(*Hpa(), {"spec", "minReplicas"}), 5);
  cluster_.now += std::chrono::minutes(6);
  cluster_.Settle();
  EXPECT_EQ(IntAt(*Hpa(), {"spec", "minReplicas"}), IntAt(Autoscaling(), {"minReplicas"}, 1));
}

// Former days raise the HPA's minReplicas: one write when the floor changes, and a sentence.
TEST_F(EngineTest, AnticipationMovesTheMinimumOfTheHpaAndSaysSo) {
  Autoscaling()["anticipation"] = Json::object();
  const int least = static_cast<int>(IntAt(Autoscaling(), {"minReplicas"}, 1));
  const int most = static_cast<int>(IntAt(Autoscaling(), {"maxReplicas"}));
  auto& floor = cluster_.observed.anticipated["api"];
  const auto min = [&] { return IntAt(*Hpa(), {"spec", "minReplicas"}); };
  const auto entry = [&] { return cluster_.backend["status"]["autoscaling"]["api"]; };
  const auto desire = [&](int count) {
    Json hpa = *Hpa();
    hpa["status"]["desiredReplicas"] = count;
    cluster_.Put({"HorizontalPodAutoscaler", "todo-api"}, std::move(hpa));
    cluster_.Settle();
  };

  floor = {.loading = true};
  cluster_.Settle();
  EXPECT_EQ(min(), least);
  floor = {.replicas = least + 1, .why = "on 2 of the last 2 days"};
  cluster_.Settle();
  EXPECT_EQ(min(), least + 1);
  EXPECT_EQ(IntAt(*Hpa(), {"spec", "maxReplicas"}), most);
  desire(least + 1);
  EXPECT_EQ(entry()["rule"], "Anticipation");
  EXPECT_EQ(entry()["reason"], "minReplicas raised from " + std::to_string(least) + " to " +
                                   std::to_string(least + 1) +
                                   " by anticipation: on 2 of the last 2 days");
  // The same floor in other words is nothing to write.
  const Json told = entry();
  floor.why = "on 3 of the last 3 days";
  EXPECT_EQ(cluster_.Make().status["autoscaling"]["api"], told);
  // An operator that has just started does not know yet: what is in force stays.
  floor = {.loading = true};
  cluster_.Settle();
  EXPECT_EQ(min(), least + 1);
  EXPECT_EQ(entry(), told);
  // More than the workload may have.
  floor = {.replicas = most + 7, .why = "x"};
  cluster_.Settle();
  EXPECT_EQ(min(), most);
  // Nothing is known: back to the spec.
  floor = {};
  cluster_.Settle();
  EXPECT_EQ(min(), least);
  desire(least);
  EXPECT_NE(entry()["rule"], "Anticipation");
  // Opted out.
  floor = {.replicas = most, .why = "x"};
  Autoscaling().erase("anticipation");
  cluster_.Settle();
  EXPECT_EQ(min(), least);
}

TEST_F(EngineTest, AScheduledCeilingHoldsAgainstAnticipation) {
  Autoscaling()["anticipation"] = Json::object();
  const int least = static_cast<int>(IntAt(Autoscaling(), {"minReplicas"}, 1));
  Autoscaling()["schedules"] = {
      {{"cron", "* * * * *"}, {"duration", "5m"}, {"maxReplicas", least}}};
  cluster_.observed.anticipated["api"] = {.replicas = 50, .why = "x"};
  cluster_.Settle();
  EXPECT_EQ(IntAt(*Hpa(), {"spec", "minReplicas"}), least);
  EXPECT_EQ(IntAt(*Hpa(), {"spec", "maxReplicas"}), least);
}

TEST_F(EngineTest, AnHpaThatWaversWritesNoStatus) {
  const auto say = [&](const char* type, const char* status, const char* reason) {
    Json hpa = *Hpa();
    hpa["status"] = {{"desiredReplicas", 2},
                     {"conditions",
                      {{{"type", type},
                        {"status", status},
                        {"reason", reason},
                        {"message", std::string("because ") + reason}}}}};
    cluster_.Put({"HorizontalPodAutoscaler", "todo-api"}, std::move(hpa));
    return cluster_.Make().status["autoscaling"]["api"];
  };
  say("AbleToScale", "True", "ReadyForNewScale");
  cluster_.Settle();
  const Json first = cluster_.backend["status"]["autoscaling"]["api"];
  EXPECT_EQ(first["engine"], "HPA");
  EXPECT_EQ(say("AbleToScale", "True", "ScaleDownStabilized"), first);
  EXPECT_EQ(say("ScalingLimited", "True", "TooFewReplicas"), first);
  const Json blind = say("ScalingActive", "False", "FailedGetExternalMetric");
  EXPECT_EQ(blind["rule"], "FailedGetExternalMetric");
  EXPECT_EQ(blind["reason"], "because FailedGetExternalMetric");
}

TEST_F(EngineTest, TheStatusSaysWhyAndIsNotWrittenForFigures) {
  Autoscaling()["engine"] = "Direct";
  ScalingState state{.desired = 7,
                     .rule = "Metric",
                     .reason = "rate is 650, target 100 per pod: 7 pods",
                     .metric = "rate",
                     .value = "650",
                     .target = "100",
                     .at = cluster_.now};
  cluster_.observed.scaling["api"] = state;
  cluster_.Settle();
  const Json first = cluster_.backend["status"]["autoscaling"]["api"];
  EXPECT_EQ(first["engine"], "Direct");
  EXPECT_EQ(first["desired"], 7);
  EXPECT_EQ(first["reason"], state.reason);
  // Another value, the same count and rule: not a word.
  state.value = "640";
  state.reason = "rate is 640, target 100 per pod: 7 pods";
  state.at += std::chrono::hours(1);
  cluster_.observed.scaling["api"] = state;
  EXPECT_EQ(cluster_.Make().status["autoscaling"]["api"], first);
  // A new leader has not decided yet.
  cluster_.observed.scaling.clear();
  EXPECT_EQ(cluster_.Make().status["autoscaling"]["api"], first);
  state.rule = "NoEvidence";
  cluster_.observed.scaling["api"] = state;
  EXPECT_EQ(cluster_.Make().status["autoscaling"]["api"]["rule"], "NoEvidence");
}

}  // namespace
}  // namespace sb::plan
