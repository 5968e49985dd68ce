// The Direct engine against an API server in memory: what a user would lose if it wrote what nobody
// decided, fought another engine, or stayed still when it must not.
#include "operator/reconcile/direct_scaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/testing/fake_clock.h"
#include "operator/api/names.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/reconcile/kinds.h"

namespace sb::reconcile {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const kube::ObjectKey kKey{"shop", "todo"};
const kube::ObjectKey kDeployment{"shop", "todo-api"};
const scaling::MetricId kRate{{"shop", "todo"}, "api", "rate"};

class DirectScalerTest : public testing::Test {
 protected:
  DirectScalerTest() {
    server_.Put(Backends(), {{"apiVersion", api::kApiVersion},
                             {"kind", api::kKind},
                             {"metadata", {{"name", "todo"}, {"namespace", "shop"}}},
                             {"spec",
                              {{"api",
                                {{"autoscaling",
                                  {{"engine", "Direct"},
                                   {"minReplicas", 1},
                                   {"maxReplicas", 10},
                                   {"metrics",
                                    {{{"type", "Prometheus"},
                                      {"name", "rate"},
                                      {"query", "rate"},
                                      {"target", {{"averageValue", "100"}}}}}}}}}}}}});
    server_.Put(
        kube::Deployments(),
        {{"apiVersion", "apps/v1"},
         {"kind", "Deployment"},
         {"metadata",
          {{"name", "todo-api"},
           {"namespace", "shop"},
           {"labels", {{api::kManagedByLabel, api::kManagedByValue}, {api::kNameLabel, "todo"}}}}},
         {"spec", {{"replicas", 2}}},
         {"status", {{"readyReplicas", 2}}}});
    view_.Start();
    EXPECT_TRUE(view_.WaitForSync(10s, {}));
    Want("rate");
  }

  void Want(const std::string& query) {
    sampler_.SetWanted(
        {"shop", "todo"},
        {{.id = kRate, .url = "http://p", .query = query, .interval = kDirectInterval}});
  }

  DirectScalerOptions Options() {
    return {.defaults = {.todo_image = "todo:1",
                         .postgres_image = "postgres:1",
                         .redis_image = "redis:1",
                         .prometheus_url = "http://p"},
            .metrics_api = [this] { return slot_; },
            .on_change = [this](const kube::ObjectKey&) { ++changes_told_; }};
  }

  // A round, with the cache up to date and a sample just taken.
  void Round() { Round(scaler_); }
  void Round(DirectScaler& scaler) {
    ASSERT_TRUE(server_.WaitForWatchers(60s, ChildKinds().size() + 2));
    clock_.Advance(15s);
    while (sampler_.PollOne()) {
    }
    scaler.EvaluateAll();
  }
  // Waits until the cache shows what the server has.
  void CatchUp() {
    const auto version = kube::ResourceVersionOf(*server_.Get(kube::Deployments(), kDeployment));
    for (int i = 0; i < 5000; ++i) {
      const auto cached = view_.Child("Deployment", kDeployment);
      if (cached && cached->resource_version() == version) return;
      std::this_thread::sleep_for(1ms);
    }
    FAIL() << "the watch does not deliver";
  }
  long long Replicas() const {
    return IntAt(*server_.Get(kube::Deployments(), kDeployment), {"spec", "replicas"});
  }
  void WaitForReplicas(long long wanted) {
    for (int i = 0; i < 10'000 && Replicas() != wanted; ++i) std::this_thread::sleep_for(1ms);
    ASSERT_EQ(Replicas(), wanted);
  }
  void SetSpec(const char* field, Json value) {
    server_.Edit(Backends(), kKey,
                 [&](Json& live) { live["spec"]["api"]["autoscaling"][field] = std::move(value); });
    const auto version = kube::ResourceVersionOf(*server_.Get(Backends(), kKey));
    for (int i = 0; i < 5000; ++i) {
      if (view_.Backend(kKey)->resource_version() == version) return;
      std::this_thread::sleep_for(1ms);
    }
    FAIL() << "the watch does not deliver";
  }

  kube::FakeApiServer server_;
  kube::Client client_{server_};
  FakeClock clock_{*ParseTime("2026-11-24T12:00:00Z")};
  Expected<double> rate_ = 200;
  scaling::Sampler sampler_{
      [this](const scaling::Source&, Duration) -> Expected<promql::InstantVector> {
        if (!rate_) return tl::unexpected(rate_.error());
        return promql::InstantVector{{.value = *rate_, .at = clock_.WallNow()}};
      },
      clock_,
      {.threads = 0}};
  ClusterView view_{
      client_,
      {.on_backend = [](const auto&, const auto&) {}, .on_dependency = [](const auto&) {}}};
  kube::EventRecorder recorder_{client_, {.instance = "test"}};
  plan::MetricsApi slot_;
  int changes_told_ = 0;
  DirectScaler scaler_{client_, view_, sampler_, recorder_, Options(), clock_};
};

TEST_F(DirectScalerTest, WritesTheScaleAndSaysWhy) {
  rate_ = 450;
  Round();
  EXPECT_EQ(Replicas(), 5);
  const auto states = scaler_.States(kKey);
  ASSERT_TRUE(states.contains("api"));
  EXPECT_EQ(states.at("api").desired, 5);
  EXPECT_EQ(states.at("api").reason, "rate is 450, target 100 per pod: 5 pods");
  EXPECT_EQ(states.at("api").value, "450");
  EXPECT_TRUE(recorder_.Flush(5s));
  const auto events = server_.List(kube::Events(), "shop");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(StringAt(events[0], {"reason"}), "ScaledOut");
  EXPECT_THAT(StringAt(events[0], {"note"}),
              HasSubstr("Deployment todo-api from 2 to 5: rate is 450"));
}

TEST_F(DirectScalerTest, ANewValueIsDecidedOnBeforeTheNextRound) {
  ASSERT_TRUE(server_.WaitForWatchers(60s, ChildKinds().size() + 2));
  rate_ = 350;
  ASSERT_TRUE(sampler_.PollOne());
  // The clock stands still, so the thread has one round and no other.
  std::jthread running([this](const std::stop_token& stop) { scaler_.Run(stop); });
  WaitForReplicas(4);
  rate_ = 450;
  Want("rate of another minute");  // due at once
  ASSERT_TRUE(sampler_.PollOne());
  scaler_.Wake(kKey);
  WaitForReplicas(5);
}

TEST_F(DirectScalerTest, ASettledWorkloadIsNotWritten) {
  Round();
  const auto version = kube::ResourceVersionOf(*server_.Get(kube::Deployments(), kDeployment));
  const int told = changes_told_;
  for (int i = 0; i < 20; ++i) {
    rate_ = 195 + i % 10;
    Round();
  }
  EXPECT_EQ(kube::ResourceVersionOf(*server_.Get(kube::Deployments(), kDeployment)), version);
  EXPECT_EQ(changes_told_, told);
}

TEST_F(DirectScalerTest, DecidesAnewAfterAConflict) {
  Round();  // the window of scaling in is not over: the history is new
  CatchUp();
  // Somebody scales by hand while the cache still shows 2: the decision is about 8 now.
  rate_ = 450;
  server_.Edit(kube::Deployments(), kDeployment, [](Json& live) { live["spec"]["replicas"] = 8; });
  scaler_.EvaluateAll();
  EXPECT_GE(Replicas(), 8) << "5 was decided for 2 pods, and would have taken 3 away";
}

TEST_F(DirectScalerTest, NothingIsScaledInWhilePrometheusIsAway) {
  rate_ = Fail(ErrorCode::kUnavailable, "down");
  for (int i = 0; i < 100; ++i) Round();
  EXPECT_EQ(Replicas(), 2);
  EXPECT_EQ(scaler_.States(kKey).at("api").rule, "NoEvidence");
  rate_ = 450;
  Round();
  EXPECT_EQ(Replicas(), 5);
}

// What the old leader knew of the last minutes is gone with it. The new one may not take for
// idleness what it has not watched, and need not wait to help.
TEST_F(DirectScalerTest, ANewLeaderWatchesAWholeWindowBeforeItScalesIn) {
  rate_ = 450;
  Round();
  EXPECT_EQ(Replicas(), 5);
  rate_ = 100;
  for (int i = 0; i < 15; ++i) Round();  // 225 of the 285 s of the window
  EXPECT_EQ(Replicas(), 5);
  CatchUp();

  DirectScaler next(client_, view_, sampler_, recorder_, Options(), clock_);
  Round(next);
  const TimePoint began = clock_.Now();
  EXPECT_EQ(next.States(kKey).at("api").rule, "JustStarted");
  EXPECT_EQ(next.States(kKey).at("api").reason,
            "the operator has watched for less than 285 s, so the count does not go down yet");
  while (Replicas() == 5 && clock_.Now() - began < 1h) Round(next);
  EXPECT_EQ(Replicas(), 1);
  EXPECT_GE(clock_.Now() - began, 285s);
  EXPECT_LE(clock_.Now() - began, 300s);

  CatchUp();
  rate_ = 450;
  DirectScaler after(client_, view_, sampler_, recorder_, Options(), clock_);
  Round(after);
  EXPECT_EQ(Replicas(), 5) << "scaling out does not wait";
}

TEST_F(DirectScalerTest, WaitsForTheHpaToGo) {
  server_.Put(
      kube::HorizontalPodAutoscalers(),
      {{"apiVersion", "autoscaling/v2"},
       {"kind", "HorizontalPodAutoscaler"},
       {"metadata",
        {{"name", "todo-api"},
         {"namespace", "shop"},
         {"labels", {{api::kManagedByLabel, api::kManagedByValue}, {api::kNameLabel, "todo"}}}}}});
  for (int i = 0; i < 5000; ++i) {
    if (view_.Child("HorizontalPodAutoscaler", kDeployment)) break;
    std::this_thread::sleep_for(1ms);
  }
  rate_ = 900;
  Round();
  EXPECT_EQ(Replicas(), 2);
  EXPECT_TRUE(scaler_.States(kKey).empty() || scaler_.States(kKey).at("api").reason.empty());
}

TEST_F(DirectScalerTest, PauseAndEngineMoveNothing) {
  Round();
  rate_ = 900;
  SetSpec("paused", true);
  Round();
  Round();  // another rule for the same count is told once it has held
  EXPECT_EQ(Replicas(), 2);
  EXPECT_EQ(scaler_.States(kKey).at("api").reason, "autoscaling is paused");
  SetSpec("paused", false);
  SetSpec("engine", "HPA");
  Round();
  EXPECT_EQ(Replicas(), 2);
  // Unset: ours by the slot's owner.
  SetSpec("engine", nullptr);
  Round();
  EXPECT_EQ(Replicas(), 2);
  slot_ = {.ours = false, .problem = "KEDA has it"};
  Round();
  EXPECT_GT(Replicas(), 2);
}

}  // namespace
}  // namespace sb::reconcile
