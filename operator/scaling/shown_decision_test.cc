#include "operator/scaling/shown_decision.h"

#include <gtest/gtest.h>

namespace sb::scaling {
namespace {

const WallTime kStart = *ParseTime("2026-11-24T12:00:00Z");

Decision Of(int replicas, Rule rule) { return {.replicas = replicas, .rule = rule}; }

TEST(ShownDecision, ChangesWithTheCountAtOnce) {
  ShownDecision shown;
  EXPECT_FALSE(shown.decision());
  EXPECT_TRUE(shown.Offer(Of(2, Rule::kMetric), kStart));
  EXPECT_FALSE(shown.Offer(Of(2, Rule::kMetric), kStart + std::chrono::seconds(2)));
  EXPECT_FALSE(shown.Offer(Of(2, Rule::kTolerance), kStart + std::chrono::hours(2)));
  EXPECT_TRUE(shown.Offer(Of(3, Rule::kMetric), kStart + std::chrono::hours(3)));
  EXPECT_EQ(shown.since(), kStart + std::chrono::hours(3));
}

// A metric about its target would else write the status every two seconds.
TEST(ShownDecision, AnotherRuleHasToHold) {
  ShownDecision shown;
  shown.Offer(Of(2, Rule::kMetric), kStart);
  WallTime now = kStart;
  for (int i = 0; i < 100; ++i) {
    now += std::chrono::seconds(2);
    EXPECT_FALSE(shown.Offer(Of(2, i % 2 == 0 ? Rule::kScaleDownWindow : Rule::kMetric), now));
  }
  int changes = 0;
  for (int i = 0; i < 10; ++i) {
    now += std::chrono::seconds(2);
    changes += shown.Offer(Of(2, Rule::kNoEvidence), now) ? 1 : 0;
  }
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(shown.decision()->rule, Rule::kNoEvidence);
}

}  // namespace
}  // namespace sb::scaling
