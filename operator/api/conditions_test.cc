#include "operator/api/conditions.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sb::api {
namespace {

const WallTime kThen = *ParseTime("2026-11-23T10:00:00Z");
const WallTime kNow = *ParseTime("2026-11-23T11:00:00Z");

Condition Make(const char* type, ConditionStatus status, std::string message = "m") {
  return {type, status, reason::kProgressing, std::move(message), 4};
}

Json Status(Json conditions) { return {{"conditions", std::move(conditions)}}; }

TEST(MergeConditions, TheTimeMovesOnlyWithTheStatus) {
  const Json first =
      MergeConditions(Json(), {Make(condition::kReady, ConditionStatus::kFalse)}, kThen);
  EXPECT_EQ(first[0]["lastTransitionTime"], "2026-11-23T10:00:00Z");
  EXPECT_EQ(first[0]["observedGeneration"], 4);

  const Json same_status = MergeConditions(
      Status(first), {Make(condition::kReady, ConditionStatus::kFalse, "other")}, kNow);
  EXPECT_EQ(same_status[0]["lastTransitionTime"], "2026-11-23T10:00:00Z");
  EXPECT_EQ(same_status[0]["message"], "other");

  const Json other_status =
      MergeConditions(Status(first), {Make(condition::kReady, ConditionStatus::kTrue)}, kNow);
  EXPECT_EQ(other_status[0]["lastTransitionTime"], "2026-11-23T11:00:00Z");
}

TEST(MergeConditions, EqualInputGivesAnEqualResult) {
  const std::vector<Condition> desired{Make(condition::kScalingActive, ConditionStatus::kTrue),
                                       Make(condition::kReady, ConditionStatus::kTrue)};
  const Json once = MergeConditions(Json(), desired, kThen);
  EXPECT_EQ(MergeConditions(Status(once), desired, kNow), once);
  EXPECT_EQ(once[0]["type"], "Ready");  // in the order of the list, whatever was given
}

TEST(MergeConditions, AbnormalTrueOnesAreAbsentWhenNotTrue) {
  const Json merged = MergeConditions(Json(),
                                      {Make(condition::kReconciling, ConditionStatus::kFalse),
                                       Make(condition::kStalled, ConditionStatus::kTrue),
                                       Make(condition::kPaused, ConditionStatus::kUnknown)},
                                      kNow);
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0]["type"], "Stalled");
}

TEST(MergeConditions, OneEntryATypeAndForeignOnesGo) {
  const Json old =
      Json::array({{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", "t1"}},
                   {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", "t2"}},
                   {{"type", "Foreign"}, {"status", "True"}}});
  const Json merged = MergeConditions(Status(old),
                                      {Make(condition::kReady, ConditionStatus::kFalse),
                                       Make(condition::kReady, ConditionStatus::kTrue)},
                                      kNow);
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0]["status"], "True");
  EXPECT_EQ(merged[0]["lastTransitionTime"], "t1");
}

TEST(MergeConditions, SurvivesAStatusOfAnyShape) {
  for (const char* text :
       {"null", "[]", "3", R"({"conditions":3})", R"({"conditions":[3,null,{}]})",
        R"({"conditions":[{"type":3,"status":{}}]})"}) {
    EXPECT_EQ(
        MergeConditions(Json::parse(text), {Make(condition::kReady, ConditionStatus::kTrue)}, kNow)
            .size(),
        1U)
        << text;
  }
}

}  // namespace
}  // namespace sb::api
