// A floor from former days may cost pods that nobody needs, never requests: each test is a way in
// which it could be wrong.
#include "operator/scaling/anticipation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "operator/scaling/decision.h"

namespace sb::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const WallTime kNow = *ParseTime("2026-11-23T08:10:00Z");  // a Monday
const MetricPolicy kRate{.name = "rate", .target = 100, .recorded = true};

api::Anticipation Daily(int days = 14) {
  return {.history_days = days, .zone = *calendar::LoadZone("UTC")};
}

std::vector<promql::Series> Record(WallTime from, WallTime to,
                                   const std::function<double(WallTime)>& value) {
  std::vector<promql::Series> points;
  for (WallTime at = from; at <= to; at += kRecordStep) {
    points.push_back({.value = value(at), .at = at});
  }
  return points;
}

// A season in which day i (0: yesterday) had the value of `value(i, time)`.
Season Seen(const api::Anticipation& anticipation, WallTime now,
            const std::function<double(std::size_t, WallTime)>& value) {
  Season season{HourOf(now), {}};
  for (const FormerSpan& span : FormerSpans(anticipation, season.hour)) {
    const std::size_t day = season.days.size();
    season.days.push_back(NeedsOf(
        kRate, 0.1, span, Record(span.from, span.to, [&](WallTime at) { return value(day, at); })));
  }
  return season;
}

std::optional<Anticipated> FromDays(const std::vector<double>& days) {
  const auto anticipation = Daily(static_cast<int>(days.size()));
  return Anticipate(anticipation, 100, "rate",
                    Seen(anticipation, kNow, [&](std::size_t day, WallTime) { return days[day]; }),
                    kNow);
}

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

TEST(Anticipation, IsWhatHalfOfTheDaysNeededAndAtLeastTwo) {
  const struct {
    std::vector<double> days;
    std::optional<int> floor;
  } cases[] = {
      {{700, 700}, 7},
      {{700, 400}, 4},
      {{700}, std::nullopt},
      {{700, kNothing}, std::nullopt},
      {{kNothing, kNothing, kNothing}, std::nullopt},
      {{700, kNothing, 400}, 4},
      {{90'000, 400, 400, 400, 400, 400, 400, 400}, 4},  // one odd day
      {{90'000, 400, 300, 300}, 4},                      // and few others
      {{90'000, 90'000, 90'000, 400, 400, 400, 400}, 4},
      {{90'000, 90'000, 400, 400}, 100},  // half of them are no accident
      {{700, 700, 700, 700, 700, 700, 700, 100, 100, 100, 100, 100, 100, 100}, 7},
      {{700, 700, 700, 700, 700, 700, 100, 100, 100, 100, 100, 100, 100, 100}, 1},
      {{700, 700, 700, 100, 100}, 7},
      {{700, 700, 100, 100, 100}, 1},
      {{0, 0, 0}, 0},
      // The tolerance of a reaction is the guess' as well: 4 pods are content with 430.
      {{430, 430}, 4},
      {{441, 441}, 5},
  };
  for (const auto& each : cases) {
    const auto floor = FromDays(each.days);
    EXPECT_EQ(floor ? std::optional(floor->replicas) : std::nullopt, each.floor)
        << testing::PrintToString(each.days);
  }
}

TEST(Anticipation, WhatIsNoNumberIsNoRecord) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {kNothing, infinity, -infinity, -5.0, 1e300}) {
    EXPECT_FALSE(FromDays({value, value, value})) << value;
    EXPECT_EQ(FromDays({value, 300, 300})->replicas, 3) << value;
  }
  // A block of nonsense within a good day is left out.
  const auto anticipation = Daily(3);
  const Season season = Seen(anticipation, kNow, [&](std::size_t, WallTime at) {
    return at.time_since_epoch() / minutes(1) % 5 == 0 ? infinity : 300;
  });
  EXPECT_EQ(Anticipate(anticipation, 100, "rate", season, kNow)->replicas, 3);
}

TEST(Anticipation, LooksAheadAndNotBack) {
  auto anticipation = Daily(3);
  anticipation.look_ahead = minutes(20);
  // From half past eight on, seven pods; until then two; after nine one.
  const auto value = [](std::size_t, WallTime at) {
    const auto minute = at.time_since_epoch() / minutes(1) % (24 * 60);
    return minute < 8 * 60 + 30 ? 200.0 : minute < 9 * 60 ? 700.0 : 100.0;
  };
  const auto at = [&](const char* time) {
    const WallTime now = *ParseTime(std::string("2026-11-23T") + time + "Z");
    return Anticipate(anticipation, 100, "rate", Seen(anticipation, now, value), now)->replicas;
  };
  EXPECT_EQ(at("08:04:59"), 2);
  EXPECT_EQ(at("08:10:00"), 7);  // 20 minutes ahead
  EXPECT_EQ(at("08:29:59"), 7);
  EXPECT_EQ(at("08:59:59"), 7);
  EXPECT_EQ(at("09:00:00"), 1);
}

TEST(Anticipation, ChangesAtMostOnceInFiveMinutes) {
  const auto anticipation = Daily(14);
  std::mt19937 random(4);
  const Season season = Seen(anticipation, kNow, [&](std::size_t, WallTime) {
    return static_cast<double>(random() % 2000);
  });
  std::optional<int> last;
  int changes = 0;
  for (WallTime now = season.hour; now < season.hour + hours(1); now += seconds(2)) {
    const int floor = Anticipate(anticipation, 100, "rate", season, now)->replicas;
    if (last && floor != *last) ++changes;
    last = floor;
  }
  EXPECT_LE(changes, 11);
}

TEST(Anticipation, SaysWhatItKnows) {
  EXPECT_EQ(FromDays({700, 700, 690, 200, 100})->why,
            "on 3 of the last 5 days rate asked for that many between 08:10 and 08:25 UTC");
  api::Anticipation weekly{.season = api::Season::kWeekly,
                           .history_days = 35,
                           .timezone = "Europe/Paris",
                           .zone = *calendar::LoadZone("Europe/Paris")};
  const auto seven = [](std::size_t, WallTime) { return 700.0; };
  auto floor = Anticipate(weekly, 100, "rate", Seen(weekly, kNow, seven), kNow);
  EXPECT_EQ(floor->why,
            "on 5 of the last 5 Mondays rate asked for that many between 09:10 and 09:25 "
            "Europe/Paris");
  weekly.max_replicas = 5;
  floor = Anticipate(weekly, 100, "rate", Seen(weekly, kNow, seven), kNow);
  EXPECT_EQ(floor->replicas, 5);
  EXPECT_THAT(floor->why, HasSubstr("asked for 7 between"));
  EXPECT_EQ(Anticipate(weekly, 3, "rate", Seen(weekly, kNow, seven), kNow)->replicas, 3);
}

TEST(Anticipation, EightOClockStaysEightOClockOverDaylightSaving) {
  api::Anticipation paris = Daily(3);
  paris.timezone = "Europe/Paris";
  paris.zone = *calendar::LoadZone("Europe/Paris");
  // On 2026-10-25 the clocks there were set back from +02:00 to +01:00.
  const auto spans = FormerSpans(paris, *ParseTime("2026-10-26T07:00:00Z"));
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(FormatTime(spans[0].from), "2026-10-25T07:00:00Z");  // 08:00 +01:00
  EXPECT_EQ(FormatTime(spans[1].from), "2026-10-24T06:00:00Z");  // 08:00 +02:00
  EXPECT_EQ(FormatTime(spans[2].from), "2026-10-23T06:00:00Z");
  // Spring, weekly: 2026-03-29.
  paris.season = api::Season::kWeekly;
  paris.history_days = 14;
  const auto weeks = FormerSpans(paris, *ParseTime("2026-03-30T06:00:00Z"));
  ASSERT_EQ(weeks.size(), 2u);
  EXPECT_EQ(FormatTime(weeks[0].from), "2026-03-23T07:00:00Z");
  EXPECT_EQ(FormatTime(weeks[1].from), "2026-03-16T07:00:00Z");
}

// What is asked for is over: a former span never reaches into what it is to foretell.
TEST(Anticipation, FormerSpansAreInThePast) {
  for (const char* zone : {"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe"}) {
    api::Anticipation anticipation = Daily(30);
    anticipation.zone = *calendar::LoadZone(zone);
    anticipation.look_ahead = hours(4);
    for (WallTime hour = *ParseTime("2026-01-01T00:00:00Z");
         hour < *ParseTime("2027-01-01T00:00:00Z"); hour += hours(1)) {
      for (const FormerSpan& span : FormerSpans(anticipation, hour)) {
        ASSERT_LT(span.to, hour - hours(12)) << zone << " " << FormatTime(hour);
      }
    }
  }
}

TEST(Anticipation, IsNothingOutsideOfWhatWasAsked) {
  const auto anticipation = Daily(3);
  const Season season = Seen(anticipation, kNow, [](std::size_t, WallTime) { return 700.0; });
  EXPECT_FALSE(Anticipate(anticipation, 9, "rate", season, season.hour - seconds(1)));
  EXPECT_TRUE(Anticipate(anticipation, 9, "rate", season, season.hour + minutes(64)));
  EXPECT_FALSE(Anticipate(anticipation, 9, "rate", season, season.hour + hours(2)));
  EXPECT_FALSE(Anticipate(anticipation, 9, "rate", {season.hour, {}}, kNow));
  EXPECT_FALSE(Anticipate(anticipation, 9, "rate", {season.hour, {Needs(), Needs()}}, kNow));
}

// The decision that uses it.

Policy OneMetric(int least, int most) {
  Policy policy{.min_replicas = least, .max_replicas = most};
  policy.metrics = {kRate};
  return policy;
}

Situation At(int current, double value, std::optional<Anticipated> anticipated,
             Evidence evidence = Evidence::kFresh) {
  Situation situation{.current = current, .ready = current, .zero_is_ours = true};
  situation.readings = {{{.evidence = evidence, .value = value, .at = kNow}}};
  situation.anticipated = std::move(anticipated);
  return situation;
}

Decision DecideAt(const Policy& policy, const Situation& situation) {
  return Decide(policy, situation, History::Begin(kNow - hours(1)), kNow).decision;
}

const Anticipated kSeven{7, "on the last 5 Mondays rate asked for that many"};

TEST(AnticipationDecision, RaisesAndSaysFromWhatToWhat) {
  const Decision decision = DecideAt(OneMetric(2, 20), At(4, 400, kSeven));
  EXPECT_EQ(decision.replicas, 7);
  EXPECT_EQ(decision.rule, Rule::kAnticipation);
  EXPECT_THAT(decision.reason,
              HasSubstr("raised from 4 to 7 by anticipation: on the last 5 Mondays rate asked for "
                        "that many (rate is 400, target 100 per pod"));
  EXPECT_EQ(decision.metric, "rate");
  EXPECT_EQ(decision.value, 400);
}

TEST(AnticipationDecision, NeverLowers) {
  // More is wanted now, and the reaction is not shortened by the floor on its way.
  EXPECT_EQ(DecideAt(OneMetric(2, 20), At(3, 2000, kSeven)).replicas,
            DecideAt(OneMetric(2, 20), At(3, 2000, std::nullopt)).replicas);
  EXPECT_EQ(DecideAt(OneMetric(2, 20), At(9, 900, kSeven)).replicas, 9);
  EXPECT_EQ(DecideAt(OneMetric(2, 20), At(9, 900, Anticipated{0, "x"})).replicas, 9);
}

TEST(AnticipationDecision, IsNoEvidence) {
  // Without evidence the count holds; the floor may raise it, and when it ends nothing falls.
  Policy policy = OneMetric(1, 20);
  EXPECT_EQ(DecideAt(policy, At(4, 0, kSeven, Evidence::kFailed)).replicas, 7);
  EXPECT_EQ(DecideAt(policy, At(7, 0, std::nullopt, Evidence::kFailed)).replicas, 7);
  EXPECT_EQ(DecideAt(policy, At(7, 0, Anticipated{2, "x"}, Evidence::kEmpty)).replicas, 7);
}

TEST(AnticipationDecision, BowsToPeopleAndCeilings) {
  Policy policy = OneMetric(2, 20);
  policy.paused = true;
  EXPECT_EQ(DecideAt(policy, At(4, 400, kSeven)).replicas, 4);
  policy.paused = false;
  Situation off = At(0, 400, kSeven);
  off.zero_is_ours = false;
  EXPECT_EQ(DecideAt(policy, off).replicas, 0) << "somebody has switched it off";
  EXPECT_EQ(DecideAt(OneMetric(2, 5), At(4, 400, kSeven)).replicas, 5);
  policy.schedules = {{.cron = *calendar::Cron::Parse("0 0 * * *"),
                       .zone = *calendar::LoadZone("UTC"),
                       .duration = hours(23),
                       .ceiling = 6,
                       .name = "s"}};
  EXPECT_EQ(DecideAt(policy, At(4, 400, kSeven)).replicas, 6);
}

TEST(AnticipationDecision, WakesBeforeTheFirstRequest) {
  EXPECT_EQ(DecideAt(OneMetric(0, 20), At(0, 0, Anticipated{2, "x"})).replicas, 2);
  EXPECT_EQ(DecideAt(OneMetric(0, 20), At(0, 0, Anticipated{0, "x"})).replicas, 0);
}

}  // namespace
}  // namespace sb::scaling
