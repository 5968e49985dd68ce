// Which pods count: a starting pod that uses a whole core must not double a workload, a missing one
// must not let it shrink.
#include "operator/podmetrics/resource_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sb::podmetrics {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const WallTime kNow{1'700'000'000s};

Pod Running(const std::string& name) {
  return {.name = name,
          .target = "api",
          .ready = true,
          .started = kNow - 1h,
          .ready_changed = kNow - 59min,
          .requests = {{"cpu", {{"api", 0.5}}}, {"memory", {{"api", 1e8}}}}};
}
Usage Of(double api, WallTime at = kNow - 10s) { return {at, 15s, {{"api", api}}}; }

// "a=80 b=unready", by name.
std::string Told(const std::vector<Pod>& pods, const std::map<std::string, Usage>& usage,
                 const ResourceQuestion& question) {
  const auto vector = ResourceValues(pods, usage, question, kNow);
  if (!vector) return vector.error().message;
  std::string text;
  for (const auto& series : *vector) {
    const auto state = series.labels.find("state");
    text +=
        (text.empty() ? "" : " ") + series.labels.at("pod") + "=" +
        (state != series.labels.end() ? state->second : std::to_string(std::lround(series.value)));
  }
  return text;
}

const ResourceQuestion kCpuPercent{.resource = "cpu", .percent = true};
const ResourceQuestion kMemory{.resource = "memory"};

TEST(ResourceValues, PercentOfTheRequestAndPlainAmounts) {
  EXPECT_EQ(Told({Running("a"), Running("b")}, {{"a", Of(0.4)}, {"b", Of(0.2)}}, kCpuPercent),
            "a=80 b=40");
  EXPECT_EQ(Told({Running("a")}, {{"a", Of(5e7)}}, kMemory), "a=50000000");
}

TEST(ResourceValues, EachPodInTheStateThatTheHpaSees) {
  struct Case {
    const char* what;
    Pod pod;
    std::optional<Usage> usage;
    const char* cpu;
    const char* memory;
  };
  Pod pending = Running("p"), gone = Running("p"), young = Running("p"), settled = Running("p"),
      unready = Running("p"), never = Running("p"), bare = Running("p");
  pending.pending = true;
  gone.gone = true;
  young.started = kNow - 1min;
  young.ready_changed = kNow - 15s;
  settled.started = kNow - 1min;
  settled.ready_changed = kNow - 30s;
  unready.ready = false;
  unready.ready_changed = kNow - 1min;
  never.ready = false;
  never.ready_changed = kNow - 1h + 5s;
  bare.ready_changed.reset();
  const Case cases[] = {
      {"running", Running("p"), Of(1), "p=200", "p=1"},
      {"no value", Running("p"), std::nullopt, "p=missing", "p=missing"},
      {"an old value", Running("p"), Of(1, kNow - 6min), "p=missing", "p=missing"},
      {"pending", pending, std::nullopt, "p=unready", "p=unready"},
      {"deleted", gone, Of(1), "", ""},
      {"young, its value is of when it started", young, Of(1), "p=unready", "p=1"},
      {"young, its value is of when it was ready", settled, Of(1), "p=200", "p=1"},
      {"was ready once", unready, Of(1), "p=200", "p=1"},
      {"was never ready", never, Of(1), "p=unready", "p=1"},
      {"without a condition", bare, Of(1), "p=unready", "p=1"},
  };
  for (const Case& each : cases) {
    std::map<std::string, Usage> usage;
    if (each.usage) usage["p"] = *each.usage;
    EXPECT_EQ(Told({each.pod}, usage, kCpuPercent), each.cpu) << each.what;
    EXPECT_EQ(Told({each.pod}, usage, kMemory), each.memory) << each.what;
  }
}

// A mesh's sidecar must not scale an API that is idle.
TEST(ResourceValues, OneContainerOrAllOfThem) {
  Pod pod = Running("p");
  pod.requests["cpu"]["proxy"] = 1.5;
  const std::map<std::string, Usage> usage = {{"p", {kNow, 15s, {{"api", 0.1}, {"proxy", 1.5}}}}};
  EXPECT_EQ(Told({pod}, usage, kCpuPercent), "p=80");
  EXPECT_EQ(Told({pod}, usage, {.resource = "cpu", .container = "api", .percent = true}), "p=20");
  EXPECT_EQ(Told({pod}, usage, {.resource = "cpu", .container = "proxy", .percent = true}),
            "p=100");
  EXPECT_EQ(Told({pod}, {{"p", Of(0.1)}}, {.resource = "cpu", .container = "proxy"}), "p=missing");
}

TEST(ResourceValues, WhatCannotBeComparedIsNamed) {
  Pod pod = Running("p");
  pod.requests["cpu"]["proxy"] = 0;
  EXPECT_THAT(Told({pod}, {{"p", Of(1)}}, kCpuPercent),
              HasSubstr("container proxy requests no cpu"));
  EXPECT_EQ(Told({pod}, {{"p", Of(1)}}, {.resource = "cpu", .container = "api", .percent = true}),
            "p=200");
  EXPECT_THAT(Told({pod}, {{"p", Of(1)}}, {.resource = "cpu", .container = "x", .percent = true}),
              HasSubstr("the pods have no container x"));
}

// During a roll-out old and new pods request different amounts.
TEST(ResourceValues, TheAverageIsSumOverSum) {
  Pod small = Running("a"), large = Running("b");
  large.requests["cpu"]["api"] = 1.5;
  const auto vector =
      ResourceValues({small, large}, {{"a", Of(0.5)}, {"b", Of(0.5)}}, kCpuPercent, kNow);
  ASSERT_TRUE(vector) << vector.error().message;
  EXPECT_NEAR(((*vector)[0].value + (*vector)[1].value) / 2, 50, 1e-9);
}

}  // namespace
}  // namespace sb::podmetrics
