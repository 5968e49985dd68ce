// What a user loses otherwise: office hours that begin an hour late after a Sunday in March.
#include "operator/scaling/schedule.h"

#include <gtest/gtest.h>

namespace sb::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Schedule Make(const char* cron, const char* zone, std::chrono::seconds duration,
              std::optional<int> floor, std::optional<int> ceiling) {
  return {*calendar::Cron::Parse(cron), *calendar::LoadZone(zone), duration, floor, ceiling, cron};
}

std::string Opened(const Schedule& schedule, const std::string& now) {
  const auto since = OpenSince(schedule, *ParseTime(now));
  return since ? FormatTime(*since) : "";
}

TEST(Schedule, OpensByTheLocalClock) {
  const Schedule office = Make("0 8 * * 1-5", "Europe/Paris", hours(10), 6, std::nullopt);
  EXPECT_EQ(Opened(office, "2026-11-23T06:59:59Z"), "");
  EXPECT_EQ(Opened(office, "2026-11-23T07:00:00Z"), "2026-11-23T07:00:00Z");
  EXPECT_EQ(Opened(office, "2026-11-23T16:59:59Z"), "2026-11-23T07:00:00Z");
  EXPECT_EQ(Opened(office, "2026-11-23T17:00:00Z"), "");
  EXPECT_EQ(Opened(office, "2026-07-06T06:00:00Z"), "2026-07-06T06:00:00Z");  // summer
  EXPECT_EQ(Opened(office, "2026-11-22T12:00:00Z"), "");                      // Sunday
}

TEST(Schedule, LivesThroughDaylightSaving) {
  // 02:30 is skipped on 29 March: the window begins at the jump, and lasts as long as ever.
  const Schedule night = Make("30 2 * * *", "Europe/Paris", hours(2), 6, std::nullopt);
  EXPECT_EQ(Opened(night, "2026-03-29T00:59:59Z"), "");
  EXPECT_EQ(Opened(night, "2026-03-29T01:00:00Z"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(Opened(night, "2026-03-29T02:59:59Z"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(Opened(night, "2026-03-29T03:00:00Z"), "");
  // 02:30 comes twice on 25 October: it begins at the first and is open at the second.
  EXPECT_EQ(Opened(night, "2026-10-25T00:29:59Z"), "");
  EXPECT_EQ(Opened(night, "2026-10-25T00:30:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(Opened(night, "2026-10-25T01:15:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(Opened(night, "2026-10-25T01:30:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(Opened(night, "2026-10-25T02:30:00Z"), "");
}

TEST(Schedule, MayLastForDaysAndFollowItself) {
  const Schedule weekend = Make("0 18 * * 5", "UTC", hours(60), std::nullopt, 4);
  EXPECT_EQ(Opened(weekend, "2026-11-22T23:00:00Z"), "2026-11-20T18:00:00Z");
  EXPECT_EQ(Opened(weekend, "2026-11-23T06:00:00Z"), "");
  const Schedule always = Make("* * * * *", "Asia/Kolkata", minutes(1), 2, std::nullopt);
  EXPECT_EQ(Opened(always, "2026-11-22T23:00:59Z"), "2026-11-22T23:00:00Z");
}

TEST(Schedule, FloorsAndCeilingsStayInsideTheBoundsOfTheSpec) {
  const WallTime now = *ParseTime("2026-11-23T12:00:00Z");
  const auto floor = [](int n) { return Make("0 0 * * *", "UTC", hours(24), n, std::nullopt); };
  const auto ceiling = [](int n) { return Make("0 0 * * *", "UTC", hours(24), std::nullopt, n); };
  const Schedule closed = Make("0 13 * * *", "UTC", hours(1), 9, 9);
  const struct {
    std::vector<Schedule> schedules;
    int floor;
    int ceiling;
  } cases[] = {
      {{}, 2, 10},
      {{floor(6)}, 6, 10},
      {{floor(6), floor(4)}, 6, 10},
      {{ceiling(5), ceiling(7)}, 2, 5},
      {{floor(6), ceiling(4)}, 4, 4},  // a ceiling wins
      {{floor(50)}, 10, 10},
      {{ceiling(1)}, 2, 2},
      {{closed}, 2, 10},
  };
  for (const auto& each : cases) {
    const Bounds bounds = BoundsAt(2, 10, each.schedules, now);
    EXPECT_EQ(bounds.floor, each.floor);
    EXPECT_EQ(bounds.ceiling, each.ceiling);
  }
}

}  // namespace
}  // namespace sb::scaling
