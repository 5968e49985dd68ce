#include "operator/scaling/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sb::scaling {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const WallTime kNow = WallTime(1'700'000'000s);

promql::Series One(double value, Duration age = 0s) {
  return {.labels = {}, .value = value, .at = kNow - age};
}

struct Case {
  const char* name;
  Expected<promql::InstantVector> answer;
  Evidence evidence;
  double value;
  const char* error;
};

class EvaluateTest : public testing::TestWithParam<Case> {};

// A user whose outage is read as a number loses replicas.
TEST_P(EvaluateTest, GivesTheEvidence) {
  const Case& c = GetParam();
  const Sample sample = Evaluate(c.answer, kNow);
  EXPECT_EQ(sample.evidence, c.evidence);
  EXPECT_DOUBLE_EQ(sample.value, c.value);
  EXPECT_THAT(sample.error, HasSubstr(c.error));
  EXPECT_EQ(sample.error.empty(), c.evidence == Evidence::kFresh);
}

const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    All, EvaluateTest,
    testing::Values(
        Case{"number", promql::InstantVector{One(12.5)}, Evidence::kFresh, 12.5, ""},
        Case{"zero", promql::InstantVector{One(0)}, Evidence::kFresh, 0, ""},
        Case{"minus_zero", promql::InstantVector{One(-0.0)}, Evidence::kFresh, 0, ""},
        Case{"empty_is_not_zero", promql::InstantVector{}, Evidence::kEmpty, 0,
             "matched no series"},
        Case{"nan", promql::InstantVector{One(kNan)}, Evidence::kFailed, 0, "NaN"},
        Case{"infinite", promql::InstantVector{One(kInf)}, Evidence::kFailed, 0, "inf"},
        Case{"minus_infinite", promql::InstantVector{One(-kInf)}, Evidence::kFailed, 0, "negative"},
        Case{"negative", promql::InstantVector{One(-3)}, Evidence::kFailed, 0, "gives -3"},
        Case{"too_large", promql::InstantVector{One(1e16)}, Evidence::kFailed, 0, "1e+16"},
        Case{"an_hour_old", promql::InstantVector{One(7, 1h)}, Evidence::kStale, 7, "5 minutes"},
        Case{"clock_ahead", promql::InstantVector{One(7, -1h)}, Evidence::kFresh, 7, ""},
        Case{"several",
             promql::InstantVector{{{{"pod", "a"}, {"job", "x"}}, 1, kNow},
                                   {{{"pod", "b"}, {"job", "x"}, {"le", "1"}}, 1, kNow}},
             Evidence::kFailed, 0, "differ in le, pod; aggregate"},
        Case{"refused", Fail(ErrorCode::kUnavailable, "connection refused"), Evidence::kFailed, 0,
             "connection refused"}),
    [](const auto& test) { return test.param.name; });

TEST(SampleTest, FailureKeepsItsCode) {
  const Sample sample = Evaluate(Fail(ErrorCode::kInvalidArgument, "Prometheus rejected it"), kNow);
  EXPECT_EQ(sample.code, ErrorCode::kInvalidArgument);
}

// A settled but broken backend must not rewrite its status at every poll.
TEST(SampleTest, NumbersAndQuotesDoNotChangeTheEvidence) {
  const auto failed = [](std::string error, ErrorCode code = ErrorCode::kInvalidArgument) {
    return Sample{.evidence = Evidence::kFailed, .code = code, .error = std::move(error)};
  };
  EXPECT_TRUE(SameEvidence(failed("gives -3"), failed("gives -41")));
  EXPECT_TRUE(SameEvidence(failed("many-to-many {pod=\"a\"}"), failed("many-to-many {pod=\"b\"}")));
  EXPECT_FALSE(SameEvidence(failed("refused"), failed("rejected")));
  EXPECT_FALSE(SameEvidence(failed("x"), failed("x", ErrorCode::kUnavailable)));
  EXPECT_TRUE(SameEvidence({.evidence = Evidence::kFresh, .value = 1},
                           {.evidence = Evidence::kFresh, .value = 2}));
  EXPECT_FALSE(SameEvidence({.evidence = Evidence::kFresh}, {.evidence = Evidence::kEmpty}));
}

// metrics.k8s.io, as podmetrics/resource_values.h gives it.
TEST(EvaluatePods, OneThatCountsIsEvidence) {
  const promql::InstantVector vector = {
      {.labels = {{"pod", "a"}}, .value = 80, .at = kNow - std::chrono::seconds(20)},
      {.labels = {{"pod", "b"}}, .value = 40, .at = kNow - std::chrono::seconds(10)},
      {.labels = {{"pod", "c"}, {"state", "missing"}}, .at = kNow},
      {.labels = {{"pod", "d"}, {"state", "unready"}}, .at = kNow}};
  const Sample sample = EvaluatePods(vector, kNow);
  EXPECT_EQ(sample.evidence, Evidence::kFresh);
  EXPECT_EQ(sample.value, 60);
  EXPECT_EQ(sample.at, kNow - std::chrono::seconds(20));
  const std::vector<PodValue> pods = {
      {true, true, 80}, {true, true, 40}, {false, true, 0}, {true, false, 0}};
  EXPECT_EQ(sample.pods, pods);
}

// Pods that start all at once have no value yet: that is not a reason to scale in.
TEST(EvaluatePods, NobodyThatCountsIsNone) {
  const promql::InstantVector none = {{.labels = {{"pod", "c"}, {"state", "missing"}}, .at = kNow}};
  EXPECT_EQ(EvaluatePods(none, kNow).evidence, Evidence::kFailed);
  EXPECT_EQ(EvaluatePods(promql::InstantVector{}, kNow).evidence, Evidence::kEmpty);
  const Sample failed = EvaluatePods(Fail(ErrorCode::kNotFound, "no metrics.k8s.io"), kNow);
  EXPECT_EQ(failed.evidence, Evidence::kFailed);
  EXPECT_EQ(failed.error, "no metrics.k8s.io");
}

}  // namespace
}  // namespace sb::scaling
