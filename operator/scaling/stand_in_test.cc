// Without it a workload of the HPA engine keeps the count of the moment in which Prometheus died.
#include "operator/scaling/stand_in.h"

#include <gtest/gtest.h>

namespace sb::scaling {
namespace {

using std::chrono::seconds;
const WallTime kStart = *ParseTime("2026-11-24T12:00:00Z");
const BackendKey kBackend{"shop", "todo"};
const MetricId kRate{kBackend, "api", "rate"};
const Sample kFailed{.evidence = Evidence::kFailed, .error = "down"};

api::Autoscaling Spec(api::TargetType type, api::FallbackKind kind) {
  api::Autoscaling autoscaling{.fallback = api::Fallback{seconds(120), 6, kind}};
  autoscaling.metrics = {
      {.name = "rate", .target = {.type = type, .quantity = api::Quantity::FromMilli(500'000)}}};
  return autoscaling;
}

TEST(StandIn, AnswersWithTheFallbackAfterItsTime) {
  const struct {
    api::TargetType type;
    api::FallbackKind kind;
    double value;
  } cases[] = {
      {api::TargetType::kAverageValue, api::FallbackKind::kStatic, 3000},
      {api::TargetType::kAverageValue, api::FallbackKind::kCurrent, 4000},
      {api::TargetType::kAverageValue, api::FallbackKind::kCurrentIfLower, 3000},
      {api::TargetType::kValue, api::FallbackKind::kStatic, 750},  // 6 of 4 ready
  };
  for (const auto& each : cases) {
    StandIn stand_in([](const BackendKey&, const std::string&) { return StandIn::Counts{8, 4}; });
    stand_in.SetWanted(kBackend, {{"api", Spec(each.type, each.kind)}});
    EXPECT_EQ(stand_in.Replace(kRate, kFailed, kStart), kFailed);
    EXPECT_EQ(stand_in.Replace(kRate, kFailed, kStart + seconds(119)), kFailed);
    // A spec that is applied again does not start the clock anew.
    stand_in.SetWanted(kBackend, {{"api", Spec(each.type, each.kind)}});
    const Sample sample = stand_in.Replace(kRate, kFailed, kStart + seconds(120));
    EXPECT_EQ(sample.evidence, Evidence::kFresh);
    EXPECT_EQ(sample.value, each.value);
    // Evidence is back: it counts, and so does the next outage, from its own beginning.
    const Sample fresh{.evidence = Evidence::kFresh, .value = 7};
    EXPECT_EQ(stand_in.Replace(kRate, fresh, kStart + seconds(130)), fresh);
    EXPECT_EQ(stand_in.Replace(kRate, kFailed, kStart + seconds(140)), kFailed);
  }
}

TEST(StandIn, LeavesOthersAlone) {
  StandIn stand_in([](const BackendKey&, const std::string&) { return StandIn::Counts{8, 0}; });
  EXPECT_EQ(stand_in.Replace(kRate, kFailed, kStart), kFailed);
  stand_in.SetWanted(kBackend,
                     {{"api", Spec(api::TargetType::kValue, api::FallbackKind::kStatic)}});
  stand_in.Replace(kRate, kFailed, kStart);
  // The HPA would multiply by no ready pod.
  EXPECT_EQ(stand_in.Replace(kRate, kFailed, kStart + seconds(500)), kFailed);
  stand_in.SetWanted(kBackend, {});
  EXPECT_EQ(stand_in.Replace(kRate, kFailed, kStart + seconds(500)), kFailed);
}

}  // namespace
}  // namespace sb::scaling
