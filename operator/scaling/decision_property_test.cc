// Properties that hold for every policy, every series and every moment. Seeds are fixed, so that a
// failure can be repeated.
#include <gtest/gtest.h>

#include <random>

#include "operator/scaling/decision.h"

namespace sb::scaling {
namespace {

using std::chrono::seconds;

const WallTime kStart = *ParseTime("2026-11-24T12:00:00Z");

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int Between(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }
  bool Chance(int percent) { return Between(1, 100) <= percent; }
  double Value() { return Chance(20) ? 0 : Between(0, 3000) / 2.0; }

 private:
  std::mt19937 random_;
};

ScalingRules Rules(Dice& dice, ScalingRules rules) {
  rules.window = seconds(dice.Between(0, 1) * dice.Between(0, 300));
  rules.select = dice.Chance(10)   ? SelectPolicy::kDisabled
                 : dice.Chance(30) ? SelectPolicy::kMin
                                   : SelectPolicy::kMax;
  if (dice.Chance(50)) rules.policies.clear();
  for (int i = dice.Between(0, 2); i > 0; --i) {
    rules.policies.push_back(
        {dice.Chance(50) ? RatePolicy::Type::kPods : RatePolicy::Type::kPercent,
         dice.Between(1, 200), seconds(dice.Between(1, 120))});
  }
  rules.tolerance = dice.Between(0, 3) / 10.0;
  return rules;
}

Policy RandomPolicy(Dice& dice) {
  Policy policy{.min_replicas = dice.Between(0, 5)};
  policy.max_replicas = std::max(1, policy.min_replicas + dice.Between(0, 40));
  for (int i = 0, count = dice.Between(1, 3); i < count; ++i) {
    policy.metrics.push_back(
        {.name = "m" + std::to_string(i),
         .type = dice.Chance(30) ? api::TargetType::kValue : api::TargetType::kAverageValue,
         .target = dice.Between(1, 400) / 2.0,
         .activation = dice.Chance(50) ? 0.0 : dice.Between(0, 300)});
  }
  policy.behavior.up = Rules(dice, policy.behavior.up);
  policy.behavior.down = Rules(dice, policy.behavior.down);
  if (dice.Chance(40)) {
    policy.fallback = api::Fallback{seconds(dice.Between(5, 120)), dice.Between(0, 30),
                                    static_cast<api::FallbackKind>(dice.Between(0, 3))};
  }
  if (dice.Chance(40)) {
    policy.schedules.push_back(
        {.cron = *calendar::Cron::Parse("*/5 * * * *"),
         .zone = *calendar::LoadZone("Europe/Paris"),
         .duration = seconds(dice.Between(30, 400)),
         .floor = dice.Between(0, 30),
         .ceiling = dice.Chance(50) ? std::optional(dice.Between(1, 30)) : std::nullopt,
         .name = "s"});
  }
  policy.cooldown = seconds(dice.Between(0, 120));
  policy.initial_cooldown = seconds(dice.Between(0, 120));
  return policy;
}

Situation RandomSituation(Dice& dice, const Policy& policy, int current, WallTime now) {
  Situation situation{.current = current,
                      .ready = dice.Between(0, current),
                      .zero_is_ours = dice.Chance(70),
                      .created = kStart};
  for (std::size_t i = 0; i < policy.metrics.size(); ++i) {
    const Evidence evidence =
        dice.Chance(75) ? Evidence::kFresh : static_cast<Evidence>(dice.Between(1, 3));
    situation.readings.push_back(
        {{.evidence = evidence, .value = dice.Value(), .at = now - seconds(dice.Between(0, 5))}});
  }
  return situation;
}

// Runs `count` random workloads for some minutes; `check` sees each decision before it is taken.
template <typename Check>
void Walk(int count, Check check) {
  for (int seed = 0; seed < count; ++seed) {
    Dice dice(static_cast<unsigned>(seed));
    const Policy policy = RandomPolicy(dice);
    int current = dice.Between(0, 45);
    History history = History::Begin(kStart - seconds(dice.Between(0, 600)));
    WallTime now = kStart;
    for (int step = 0; step < 150; ++step, now += seconds(dice.Between(1, 15))) {
      const Situation situation = RandomSituation(dice, policy, current, now);
      const Outcome outcome = Decide(policy, situation, history, now);
      ASSERT_NO_FATAL_FAILURE(check(policy, situation, history, now, outcome))
          << "seed " << seed << " step " << step << ": " << current << " -> "
          << outcome.decision.replicas << " " << outcome.decision.reason;
      history = outcome.history;
      history.NoteChange(current, outcome.decision.replicas, now);
      current = outcome.decision.replicas;
    }
  }
}

TEST(DecisionProperty, NeverOutsideTheBounds) {
  Walk(150, [](const Policy& policy, const Situation& situation, const History&, WallTime now,
               const Outcome& outcome) {
    const int replicas = outcome.decision.replicas;
    ASSERT_FALSE(outcome.decision.reason.empty());
    if (outcome.decision.rule == Rule::kSwitchedOff) {
      ASSERT_EQ(situation.current, 0);
      return;
    }
    const Bounds bounds = BoundsAt(policy.min_replicas, policy.max_replicas, policy.schedules, now);
    ASSERT_GE(replicas, bounds.floor);
    ASSERT_LE(replicas, bounds.ceiling);
    ASSERT_GE(bounds.floor, policy.min_replicas);
    ASSERT_LE(bounds.ceiling, policy.max_replicas);
  });
}

TEST(DecisionProperty, MoreLoadNeverMeansFewerPods) {
  Dice dice(7);
  Walk(150, [&dice](const Policy& policy, Situation situation, const History& history, WallTime now,
                    const Outcome& outcome) {
    const auto which =
        static_cast<std::size_t>(dice.Between(0, static_cast<int>(situation.readings.size()) - 1));
    situation.readings[which].sample.value += dice.Between(1, 2000);
    ASSERT_GE(Decide(policy, situation, history, now).decision.replicas, outcome.decision.replicas);
  });
}

TEST(DecisionProperty, OnlyFreshEvidenceScalesIn) {
  Walk(150, [](const Policy& policy, const Situation& situation, const History&, WallTime now,
               const Outcome& outcome) {
    if (outcome.decision.replicas >= situation.current) return;
    const Bounds bounds = BoundsAt(policy.min_replicas, policy.max_replicas, policy.schedules, now);
    if (situation.current > bounds.ceiling || policy.fallback) return;
    for (const Reading& reading : situation.readings)
      ASSERT_EQ(reading.sample.evidence, Evidence::kFresh);
  });
}

// A guess only ever adds: never below what comes out without it, never above the bounds, and
// nothing of it is remembered, so that it cannot become evidence for anything.
TEST(DecisionProperty, AnticipationOnlyRaises) {
  Dice dice(11);
  Walk(150, [&dice](const Policy& policy, Situation situation, const History& history, WallTime now,
                    const Outcome& without) {
    situation.anticipated = Anticipated{dice.Between(0, 60), "former days"};
    const Outcome with = Decide(policy, situation, history, now);
    const Bounds bounds = BoundsAt(policy.min_replicas, policy.max_replicas, policy.schedules, now);
    ASSERT_EQ(with.history, without.history);
    if (without.decision.rule == Rule::kPaused || without.decision.rule == Rule::kSwitchedOff) {
      ASSERT_EQ(with.decision.replicas, without.decision.replicas);
      return;
    }
    const int floor = std::min(situation.anticipated->replicas, bounds.ceiling);
    ASSERT_EQ(with.decision.replicas, std::max(without.decision.replicas, floor));
    ASSERT_EQ(with.decision.rule == Rule::kAnticipation, floor > without.decision.replicas);
  });
}

// Once a count was asked for, nothing below it is set for a whole window (to zero: a cooldown).
TEST(DecisionProperty, NoFlappingWithinTheWindow) {
  Walk(150, [](const Policy& policy, const Situation& situation, const History& history,
               WallTime now, const Outcome& outcome) {
    const Bounds bounds = BoundsAt(policy.min_replicas, policy.max_replicas, policy.schedules, now);
    const int replicas = outcome.decision.replicas;
    if (replicas >= situation.current || situation.current > bounds.ceiling) return;
    if (replicas == 0 || outcome.decision.rule == Rule::kInactive ||
        (outcome.decision.rule == Rule::kScaleDownPolicy &&
         now - history.last_active() >= policy.cooldown && policy.min_replicas == 0)) {
      ASSERT_GE(now - outcome.history.last_active(), policy.cooldown);
      return;
    }
    const auto highest = history.Highest(now - policy.behavior.down.window);
    if (highest) {
      ASSERT_GE(replicas, std::min(*highest, bounds.ceiling));
    }
    ASSERT_GE(now - history.began(), policy.behavior.down.window);
  });
}

TEST(DecisionProperty, ARestartWithItsHistoryChangesNothing) {
  Walk(100, [](const Policy& policy, const Situation& situation, const History& history,
               WallTime now, const Outcome& outcome) {
    const auto restored = History::FromJson(Json::parse(history.ToJson().dump()), now);
    ASSERT_TRUE(restored);
    const Outcome again = Decide(policy, situation, *restored, now);
    ASSERT_EQ(again.decision.replicas, outcome.decision.replicas);
    ASSERT_EQ(again.decision.reason, outcome.decision.reason);
    ASSERT_EQ(again.history, outcome.history);
  });
}

// Without it: nothing goes down that would not have gone down, bounds and fallback apart.
TEST(DecisionProperty, ARestartWithoutHistoryNeverScalesIn) {
  Walk(150, [](const Policy& policy, const Situation& situation, const History&, WallTime now,
               const Outcome&) {
    const Bounds bounds = BoundsAt(policy.min_replicas, policy.max_replicas, policy.schedules, now);
    const bool watches =
        policy.behavior.down.window > seconds(0) || LongestPeriodDown(policy.behavior) > seconds(0);
    if (!watches || situation.current > bounds.ceiling) return;
    const Outcome outcome = Decide(policy, situation, History::Begin(now), now);
    ASSERT_GE(outcome.decision.replicas, situation.current);
  });
}

// A settled workload stays settled: deciding again with the count that was decided and the same
// evidence, after every window, moves nothing (AverageValue; Value chases its own tail by design).
TEST(DecisionProperty, SettlesOnOneCount) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    Dice dice(seed);
    Policy policy = RandomPolicy(dice);
    policy.schedules.clear();
    for (MetricPolicy& metric : policy.metrics) metric.type = api::TargetType::kAverageValue;
    Situation situation{.current = dice.Between(1, 40), .zero_is_ours = true, .created = kStart};
    for (std::size_t i = 0; i < policy.metrics.size(); ++i) {
      situation.readings.push_back({{.evidence = Evidence::kFresh, .value = dice.Value()}});
    }
    History history = History::Begin(kStart);
    WallTime now = kStart;
    int last_change = 0;
    for (int step = 0; step < 3000; ++step, now += seconds(2)) {
      Outcome outcome = Decide(policy, situation, std::move(history), now);
      history = std::move(outcome.history);
      if (outcome.decision.replicas == situation.current) continue;
      history.NoteChange(situation.current, outcome.decision.replicas, now);
      situation.current = outcome.decision.replicas;
      last_change = step;
    }
    EXPECT_LT(last_change, 2900) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sb::scaling
