#include "operator/scaling/behavior.h"

#include <gtest/gtest.h>

namespace sb::scaling {
namespace {

using std::chrono::seconds;
const WallTime kNow = *ParseTime("2026-11-24T12:00:00Z");

TEST(Behavior, DefaultsAreThoseOfAutoscalingV2) {
  for (const char* text : {"null", "{}", R"({"scaleUp": {}, "scaleDown": {"policies": []}})",
                           R"({"scaleUp": 3, "scaleDown": {"policies": [{"type": "Pods"}]}})"}) {
    const Behavior behavior = ParseBehavior(Json::parse(text));
    EXPECT_EQ(behavior.up.window, seconds(0)) << text;
    EXPECT_EQ(behavior.down.window, kUnsetDownWindow) << text;
    EXPECT_EQ(behavior.up.tolerance, 0.1) << text;
    ASSERT_EQ(behavior.up.policies.size(), 2u) << text;
    ASSERT_EQ(behavior.down.policies.size(), 1u) << text;
    EXPECT_EQ(behavior.down.policies[0].value, 100) << text;
  }
  const Behavior own = ParseBehavior(Json::parse(R"({
    "scaleUp": {"stabilizationWindowSeconds": 30, "tolerance": "50m", "selectPolicy": "Min",
                "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
    "scaleDown": {"tolerance": "0.25", "selectPolicy": "Disabled"}})"));
  EXPECT_EQ(own.up.window, seconds(30));
  EXPECT_EQ(own.up.tolerance, 0.05);
  EXPECT_EQ(own.up.select, SelectPolicy::kMin);
  ASSERT_EQ(own.up.policies.size(), 1u);
  EXPECT_EQ(own.up.policies[0].period, seconds(60));
  EXPECT_EQ(own.down.tolerance, 0.25);
  EXPECT_EQ(own.down.select, SelectPolicy::kDisabled);
}

struct Past {
  int seconds_ago;
  int replicas;
};

TEST(Behavior, StabilizationWaitsForWhatAllRecommendationsAgreeOn) {
  Behavior behavior = DefaultBehavior();
  behavior.up.window = seconds(60);
  const struct {
    const char* what;
    std::vector<Past> past;
    int current, wanted, steady;
  } cases[] = {
      {"nothing in the way", {}, 5, 8, 8},
      {"down: the highest of 300 s", {{200, 7}, {100, 4}}, 8, 3, 7},
      {"down: older than that", {{301, 7}, {100, 4}}, 8, 3, 4},
      {"down: never above the count", {{200, 20}}, 8, 3, 8},
      {"up: the lowest of 60 s", {{59, 6}, {10, 9}}, 5, 9, 6},
      {"up: older than that", {{61, 6}, {10, 9}}, 5, 9, 9},
      {"up: never below the count", {{10, 1}}, 5, 9, 5},
  };
  for (const auto& each : cases) {
    History history = History::Begin(kNow - seconds(3600));
    for (const Past& past : each.past)
      history.NoteRecommendation(past.replicas, kNow - seconds(past.seconds_ago));
    EXPECT_EQ(Stabilize(behavior, each.current, each.wanted, history, kNow), each.steady)
        << each.what;
  }
}

// Expected counts are the examples of the Kubernetes documentation, "Scaling policies".
TEST(Behavior, PoliciesLimitTheChangeOfAPeriod) {
  const char* kFast =
      R"({"scaleUp": {"policies": [{"type":"Percent","value":900,"periodSeconds":60}]}})";
  const char* kPerMinute = R"({"scaleDown": {"policies": [
      {"type":"Pods","value":4,"periodSeconds":60}, {"type":"Percent","value":10,"periodSeconds":60}]}})";
  const char* kSlowest = R"({"scaleDown": {"selectPolicy": "Min", "policies": [
      {"type":"Pods","value":5,"periodSeconds":60}, {"type":"Percent","value":10,"periodSeconds":60}]}})";
  const char* kOff =
      R"({"scaleUp": {"selectPolicy": "Disabled"}, "scaleDown": {"selectPolicy": "Disabled"}})";
  const struct {
    const char* what;
    const char* behavior;
    std::vector<Past> changes;  // by how much
    int current, wanted, next;
  } cases[] = {
      {"default up: doubles", "null", {}, 10, 100, 20},
      {"default up: or four more", "null", {}, 1, 100, 5},
      {"default up: that is used up", "null", {{5, 4}}, 5, 100, 5},
      {"default up: half used up", "null", {{5, 2}}, 5, 100, 7},
      {"default up: a period later", "null", {{15, 4}}, 5, 100, 10},
      {"default down: at once", "null", {}, 100, 0, 0},
      {"ten times a minute", kFast, {}, 1, 1000, 10},
      {"10 % of 80 is more than 4", kPerMinute, {}, 80, 10, 72},
      {"below 40 it is 4", kPerMinute, {}, 39, 10, 35},
      {"of the count before", kPerMinute, {{30, -8}}, 72, 10, 72},
      {"the slower one", kSlowest, {}, 80, 10, 75},
      {"the slower one, few pods", kSlowest, {}, 20, 10, 18},
      {"never up", kOff, {}, 5, 9, 5},
      {"never down", kOff, {}, 5, 1, 5},
      {"no further than wanted", "null", {}, 10, 11, 11},
  };
  for (const auto& each : cases) {
    History history = History::Begin(kNow - seconds(3600));
    for (const Past& past : each.changes)
      history.NoteChange(50, 50 + past.replicas, kNow - seconds(past.seconds_ago));
    EXPECT_EQ(LimitRate(ParseBehavior(Json::parse(each.behavior)), each.current, each.wanted,
                        history, kNow),
              each.next)
        << each.what;
  }
}

TEST(History, OutlivesAProcess) {
  History history = History::Begin(kNow - seconds(900));
  history.NoteRecommendation(4, kNow - seconds(200));
  history.NoteRecommendation(4, kNow - seconds(100));
  history.NoteRecommendation(2, kNow);
  history.NoteChange(4, 2, kNow);
  history.NoteEvidence("rate", false, kNow - seconds(50));
  history.NoteActive(kNow - seconds(70));
  const Json json = history.ToJson();
  EXPECT_EQ(json["recommendations"].size(), 2u);  // equal ones are one entry
  const auto again = History::FromJson(Json::parse(json.dump()), kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, history);
}

TEST(History, ForgetsAfterAnHourAndIsBounded) {
  History history = History::Begin(kNow);
  for (int i = 0; i < 20'000; ++i) history.NoteRecommendation(i % 7, kNow + seconds(i / 10));
  EXPECT_LE(history.ToJson()["recommendations"].size(), 4000u);
  history.NoteRecommendation(1, kNow + std::chrono::hours(3));
  EXPECT_EQ(history.ToJson()["recommendations"].size(), 1u);
}

TEST(History, IsNothingIfItIsNotOurs) {
  for (
      const char* text :
      {"null", "{}", "[]", R"({"began": 1})",
       R"({"began":1,"lastActive":1,"recommendations":[{"replicas":-4}],"changes":[],"missingSince":{}})"}) {
    EXPECT_FALSE(History::FromJson(Json::parse(text), kNow)) << text;
  }
  // A clock that was set back: what is told to come is taken to be now.
  History ahead = History::Begin(kNow + seconds(500));
  EXPECT_EQ(History::FromJson(ahead.ToJson(), kNow)->began(), kNow);
}

}  // namespace
}  // namespace sb::scaling
