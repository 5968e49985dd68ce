// Each case is a day that somebody had.
#include "operator/scaling/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sb::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const WallTime kStart = *ParseTime("2026-11-24T12:00:00Z");

Sample Fresh(double value) { return {.evidence = Evidence::kFresh, .value = value, .at = kStart}; }
Sample Bad(Evidence evidence) { return {.evidence = evidence, .at = kStart, .error = "why"}; }

Policy OneMetric(double target = 100, int min = 1, int max = 20) {
  Policy policy{.min_replicas = min, .max_replicas = max};
  policy.metrics = {{.name = "rate", .target = target}};
  return policy;
}

// A workload under a policy; time moves by the call.
class Workload {
 public:
  explicit Workload(Policy scaled_by, int pods, seconds known_for = minutes(30))
      : policy(std::move(scaled_by)), current(pods), history(History::Begin(kStart - known_for)) {
    history.NoteActive(kStart);
  }

  // Decides with these samples and carries the decision out.
  Decision See(std::vector<Sample> samples) {
    Situation situation{
        .current = current, .ready = current, .zero_is_ours = zero_is_ours, .created = created};
    for (Sample& sample : samples) {
      sample.at = now;
      situation.readings.push_back({sample});
    }
    auto outcome = Decide(policy, situation, std::move(history), now);
    history = std::move(outcome.history);
    history.NoteChange(current, outcome.decision.replicas, now);
    current = outcome.decision.replicas;
    return outcome.decision;
  }
  // The same for a while, every two seconds.
  Decision SeeFor(seconds span, std::vector<Sample> samples) {
    Decision decision = See(samples);
    for (const WallTime end = now + span; now < end;) {
      now += seconds(2);
      decision = See(samples);
    }
    return decision;
  }

  Policy policy;
  int current;
  History history;
  WallTime now = kStart;
  WallTime created = kStart - std::chrono::hours(24);
  bool zero_is_ours = false;
};

TEST(Decision, FollowsTheMetricAndSaysWhy) {
  Workload workload(OneMetric(500, 2), 2);
  const Decision decision = workload.See({Fresh(1730)});
  EXPECT_EQ(decision.replicas, 4);
  EXPECT_EQ(decision.rule, Rule::kMetric);
  EXPECT_EQ(decision.reason, "rate is 1730, target 500 per pod: 4 pods");
  EXPECT_EQ(decision.metric, "rate");
  EXPECT_EQ(decision.value, 1730);
  EXPECT_EQ(decision.target, 500);
  EXPECT_EQ(workload.See({Fresh(1810)}).rule, Rule::kTolerance);
}

TEST(Decision, EveryKindOfBadEvidenceHoldsTheCount) {
  for (const Evidence evidence : {Evidence::kStale, Evidence::kEmpty, Evidence::kFailed}) {
    Workload workload(OneMetric(), 7);
    const Decision decision = workload.SeeFor(minutes(30), {Bad(evidence)});
    EXPECT_EQ(decision.replicas, 7) << ToString(evidence);
    EXPECT_EQ(decision.rule, Rule::kNoEvidence);
    EXPECT_THAT(decision.reason, HasSubstr("so the count stays"));
    // Back with little load: the window has to pass on fresh evidence, then it follows.
    EXPECT_EQ(workload.SeeFor(seconds(280), {Fresh(100)}).replicas, 7);
    EXPECT_EQ(workload.SeeFor(seconds(20), {Fresh(100)}).replicas, 1);
  }
}

TEST(Decision, OneSilentMetricOfTwoBlocksOnlyScalingIn) {
  Policy policy = OneMetric();
  policy.metrics.push_back({.name = "queue", .target = 10});
  Workload workload(policy, 5);
  Decision decision = workload.SeeFor(minutes(10), {Fresh(100), Bad(Evidence::kEmpty)});
  EXPECT_EQ(decision.replicas, 5);
  EXPECT_EQ(decision.rule, Rule::kPartialEvidence);
  EXPECT_EQ(decision.reason, "queue matches nothing, so the count does not go down");
  decision = workload.See({Fresh(800), Bad(Evidence::kEmpty)});
  EXPECT_EQ(decision.replicas, 8);
  EXPECT_EQ(decision.rule, Rule::kMetric);
}

TEST(Decision, TheGreatestOfSeveralMetricsWins) {
  Policy policy = OneMetric();
  policy.metrics.push_back({.name = "queue", .target = 10});
  Workload workload(policy, 5);
  EXPECT_EQ(workload.See({Fresh(100), Fresh(72)}).replicas, 8);
  EXPECT_EQ(workload.See({Fresh(900), Fresh(72)}).metric, "rate");
}

TEST(Decision, FallbackComesAndGoesByTheClock) {
  const struct {
    api::FallbackKind kind;
    int current, after;
  } cases[] = {
      {api::FallbackKind::kStatic, 5, 3},          {api::FallbackKind::kStatic, 1, 3},
      {api::FallbackKind::kCurrent, 5, 5},         {api::FallbackKind::kCurrentIfHigher, 5, 5},
      {api::FallbackKind::kCurrentIfHigher, 1, 3}, {api::FallbackKind::kCurrentIfLower, 5, 3},
      {api::FallbackKind::kCurrentIfLower, 1, 1},
  };
  for (const auto& each : cases) {
    Policy policy = OneMetric();
    policy.behavior.down.window = seconds(0);
    policy.fallback = api::Fallback{seconds(120), 3, each.kind};
    Workload workload(policy, each.current);
    EXPECT_EQ(workload.SeeFor(seconds(118), {Bad(Evidence::kFailed)}).replicas, each.current);
    const Decision decision = workload.SeeFor(seconds(30), {Bad(Evidence::kFailed)});
    EXPECT_EQ(decision.replicas, each.after);
    EXPECT_EQ(decision.rule, Rule::kFallback);
    EXPECT_THAT(decision.reason, HasSubstr("rate has given no evidence for 2 min"));
    // 5 -> 3 -> 5, as KEDA's own acceptance test has it.
    EXPECT_EQ(workload.SeeFor(seconds(30), {Fresh(500)}).replicas, 5);
  }
}

TEST(Decision, AGlimpseOfEvidenceRestartsTheFallbacksClock) {
  Policy policy = OneMetric();
  policy.fallback = api::Fallback{seconds(120), 9, api::FallbackKind::kStatic};
  Workload workload(policy, 5);
  workload.SeeFor(seconds(100), {Bad(Evidence::kFailed)});
  workload.now += seconds(2);
  workload.See({Fresh(500)});
  workload.now += seconds(2);
  EXPECT_EQ(workload.SeeFor(seconds(100), {Bad(Evidence::kFailed)}).replicas, 5);
}

Policy ToZero() {
  Policy policy = OneMetric(100, 0);
  policy.metrics[0].activation = 5;
  policy.cooldown = seconds(60);
  return policy;
}

TEST(Decision, GoesToZeroAfterTheCooldownAndNotBefore) {
  Workload workload(ToZero(), 3);
  Decision decision = workload.SeeFor(seconds(58), {Fresh(5)});  // at the activation: inactive
  EXPECT_GE(decision.replicas, 1);
  EXPECT_EQ(workload.SeeFor(seconds(4), {Fresh(5)}).replicas, 0);
  decision = workload.See({Fresh(5)});
  EXPECT_EQ(decision.rule, Rule::kInactive);
}

TEST(Decision, NeverGoesToZeroOnBadEvidence) {
  for (const Evidence evidence : {Evidence::kStale, Evidence::kEmpty, Evidence::kFailed}) {
    Workload workload(ToZero(), 3);
    const int before = workload.SeeFor(seconds(40), {Fresh(0)}).replicas;
    EXPECT_GE(before, 1);
    EXPECT_EQ(workload.SeeFor(minutes(30), {Bad(evidence)}).replicas, before);
    // Inactivity is counted anew.
    EXPECT_GE(workload.SeeFor(seconds(56), {Fresh(0)}).replicas, 1);
    EXPECT_EQ(workload.SeeFor(seconds(6), {Fresh(0)}).replicas, 0);
  }
}

TEST(Decision, TheStepToZeroKeepsToThePolicies) {
  Policy policy = ToZero();
  policy.behavior.down.policies = {{RatePolicy::Type::kPods, 1, seconds(60)}};
  policy.behavior.down.window = seconds(0);
  Workload workload(policy, 3);
  workload.SeeFor(seconds(70), {Fresh(0)});
  EXPECT_GE(workload.current, 1);
  workload.SeeFor(seconds(130), {Fresh(0)});
  EXPECT_EQ(workload.current, 0);
}

TEST(Decision, WakesUpAboveTheActivationOnly) {
  Workload workload(ToZero(), 0);
  EXPECT_EQ(workload.SeeFor(seconds(20), {Fresh(5)}).replicas, 0);
  EXPECT_EQ(workload.SeeFor(seconds(20), {Bad(Evidence::kFailed)}).replicas, 0);
  const Decision decision = workload.See({Fresh(5.5)});
  EXPECT_EQ(decision.replicas, 1);
  EXPECT_EQ(decision.rule, Rule::kActivation);
  EXPECT_THAT(decision.reason, HasSubstr("rate is 5.5, above its activation of 5"));
}

// The other metric comes from pods, of which there are none.
TEST(Decision, AnInactiveMetricDoesNotWakeUpBesideASilentOne) {
  Policy policy = ToZero();
  policy.metrics.push_back({.name = "cpu", .target = 10});
  Workload workload(policy, 0);
  EXPECT_EQ(workload.SeeFor(seconds(60), {Fresh(4), Bad(Evidence::kEmpty)}).replicas, 0);
  EXPECT_EQ(workload.See({Fresh(6), Bad(Evidence::kEmpty)}).replicas, 1);
}

TEST(Decision, WakingUpDoesNotWaitForAWindowOrAPercentage) {
  Policy policy = ToZero();
  policy.behavior.up.window = seconds(300);
  policy.behavior.up.policies = {{RatePolicy::Type::kPercent, 100, seconds(15)}};
  Workload workload(policy, 0);
  workload.SeeFor(seconds(20), {Fresh(0)});
  EXPECT_EQ(workload.See({Fresh(1000)}).replicas, 1);
  policy.behavior.up.select = SelectPolicy::kDisabled;
  Workload off(policy, 0);
  EXPECT_EQ(off.See({Fresh(1000)}).replicas, 0);
}

TEST(Decision, FallbackWakesUp) {
  Policy policy = ToZero();
  policy.fallback = api::Fallback{seconds(30), 3, api::FallbackKind::kStatic};
  Workload workload(policy, 0);
  EXPECT_EQ(workload.SeeFor(seconds(40), {Bad(Evidence::kFailed)}).replicas, 3);
}

TEST(Decision, ANewWorkloadKeepsItsPodsForTheInitialCooldown) {
  Policy policy = ToZero();
  policy.initial_cooldown = seconds(120);
  Workload workload(policy, 1);
  workload.created = kStart;
  EXPECT_EQ(workload.SeeFor(seconds(118), {Fresh(0)}).rule, Rule::kInitialCooldown);
  EXPECT_EQ(workload.SeeFor(seconds(4), {Fresh(0)}).replicas, 0);
}

TEST(Decision, ZeroByHandIsRespectedAndOurOwnIsNot) {
  Workload workload(OneMetric(), 0);
  Decision decision = workload.See({Fresh(1000)});
  EXPECT_EQ(decision.replicas, 0);
  EXPECT_EQ(decision.rule, Rule::kSwitchedOff);
  workload.zero_is_ours = true;  // minReplicas was 0 before
  EXPECT_GE(workload.See({Fresh(1000)}).replicas, 1);
}

TEST(Decision, BoundsHoldAtOnce) {
  Workload above(OneMetric(100, 2, 10), 15);
  EXPECT_EQ(above.See({Fresh(5000)}).replicas, 10);
  Workload below(OneMetric(100, 4, 10), 2);
  const Decision decision = below.See({Bad(Evidence::kFailed)});
  EXPECT_EQ(decision.replicas, 4);
  EXPECT_EQ(decision.rule, Rule::kMinReplicas);
  Workload capped(OneMetric(100, 2, 10), 10);
  const Decision most = capped.See({Fresh(5000)});
  EXPECT_EQ(most.rule, Rule::kMaxReplicas);
  EXPECT_THAT(most.reason,
              HasSubstr("maxReplicas is 10 (rate is 5000, target 100 per pod: 50 pods)"));
}

TEST(Decision, ASchedulesFloorHoldsWithoutAnyEvidence) {
  Policy policy = OneMetric(100, 0, 10);
  policy.schedules = {{.cron = *calendar::Cron::Parse("0 12 * * *"),
                       .zone = *calendar::LoadZone("UTC"),
                       .duration = minutes(60),
                       .floor = 4,
                       .ceiling = std::nullopt,
                       .name = "noon"}};
  Workload workload(policy, 0);
  const Decision decision = workload.See({Bad(Evidence::kFailed)});
  EXPECT_EQ(decision.replicas, 4);
  EXPECT_EQ(decision.rule, Rule::kScheduleFloor);
  EXPECT_THAT(decision.reason, HasSubstr("schedule noon wants at least 4"));
  EXPECT_EQ(workload.SeeFor(minutes(30), {Fresh(0)}).replicas, 4);
}

TEST(Decision, PausedMeansNothingMoves) {
  Policy policy = OneMetric(100, 2, 10);
  policy.paused = true;
  for (const int current : {0, 1, 5, 50}) {
    Workload workload(policy, current);
    const Decision decision = workload.SeeFor(seconds(60), {Fresh(900)});
    EXPECT_EQ(decision.replicas, current);
    EXPECT_EQ(decision.rule, Rule::kPaused);
  }
}

TEST(Decision, ALostHistoryOnlyDelaysScalingIn) {
  Workload workload(OneMetric(), 8, seconds(0));
  EXPECT_EQ(workload.See({Fresh(100)}).rule, Rule::kJustStarted);
  EXPECT_EQ(workload.SeeFor(seconds(280), {Fresh(100)}).replicas, 8);
  EXPECT_EQ(workload.SeeFor(seconds(20), {Fresh(100)}).replicas, 1);
  Workload up(OneMetric(), 4, seconds(0));
  EXPECT_EQ(up.See({Fresh(800)}).replicas, 8);
}

}  // namespace
}  // namespace sb::scaling
