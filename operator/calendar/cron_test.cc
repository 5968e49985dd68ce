#include "operator/calendar/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sb::calendar {
namespace {

LocalSeconds Local(const std::string& text) {
  return {
      std::chrono::duration_cast<std::chrono::seconds>(ParseTime(text + ":00Z")->time_since_epoch())
          .count()};
}

TEST(Cron, Matches) {
  // 2026-11-23 is a Monday.
  const struct {
    const char* cron;
    const char* local;
    bool matches;
  } cases[] = {
      {"* * * * *", "2026-11-23T08:17", true},
      {"0 8 * * 1-5", "2026-11-23T08:00", true},
      {"0 8 * * 1-5", "2026-11-23T08:01", false},
      {"0 8 * * 1-5", "2026-11-22T08:00", false},
      {"0 8 * * MON-FRI", "2026-11-23T08:00", true},
      {"*/15 * * * *", "2026-11-23T08:45", true},
      {"*/15 * * * *", "2026-11-23T08:46", false},
      {"5/20 * * * *", "2026-11-23T08:45", true},
      {"0 0 1 jan *", "2027-01-01T00:00", true},
      {"0 0 * * 7", "2026-11-22T00:00", true},  // 7 is Sunday too
      {"0 0 * * 0", "2026-11-22T00:00", true},
      {"0 0,12 * * *", "2026-11-22T12:00", true},
      // Both day fields restricted: either is enough.
      {"0 0 13 * 5", "2026-11-13T00:00", true},
      {"0 0 13 * 5", "2026-11-20T00:00", true},
      {"0 0 13 * 5", "2026-12-13T00:00", true},
      {"0 0 13 * 5", "2026-12-14T00:00", false},
      {"0 0 29 2 *", "2028-02-29T00:00", true},
  };
  for (const auto& each : cases) {
    const auto cron = Cron::Parse(each.cron);
    ASSERT_TRUE(cron) << each.cron << ": " << cron.error().message;
    EXPECT_EQ(cron->Matches(Local(each.local)), each.matches) << each.cron << " " << each.local;
  }
}

TEST(Cron, FindsTheLastTime) {
  const struct {
    const char* cron;
    const char* local;
    const char* last;  // "": none within a week
  } cases[] = {
      {"0 8 * * 1-5", "2026-11-23T08:00", "2026-11-23T08:00"},
      {"0 8 * * 1-5", "2026-11-23T07:59", "2026-11-20T08:00"},
      {"30 22 * * *", "2026-11-23T07:59", "2026-11-22T22:30"},
      {"0 0 1 * *", "2026-11-23T07:59", ""},
      {"0 0 31 2 *", "2026-11-23T07:59", ""},
  };
  for (const auto& each : cases) {
    const auto last =
        Cron::Parse(each.cron)->LastAtOrBefore(Local(each.local), std::chrono::hours(24 * 7));
    ASSERT_EQ(last.has_value(), *each.last != '\0') << each.cron;
    if (last) {
      EXPECT_EQ(*last, Local(each.last)) << each.cron;
    }
  }
}

TEST(Cron, SaysWhichFieldIsWrong) {
  const struct {
    const char* cron;
    const char* message;
  } cases[] = {
      {"", "five fields"},
      {"0 8 * *", "five fields"},
      {"0 8 * * * *", "five fields"},
      {"@daily", "five fields"},
      {"60 8 * * *", "minute"},
      {"0 24 * * *", "hour"},
      {"0 8 0 * *", "day of month"},
      {"0 8 * 13 *", "month"},
      {"0 8 * * 8", "day of week"},
      {"0 8 * * 5-1", "day of week"},
      {"*/0 8 * * *", "minute"},
      {"1,, 8 * * *", "minute"},
      {"a 8 * * *", "minute"},
      {"-1 8 * * *", "minute"},
  };
  for (const auto& each : cases) {
    const auto cron = Cron::Parse(each.cron);
    ASSERT_FALSE(cron) << each.cron;
    EXPECT_THAT(cron.error().message, testing::HasSubstr(each.message)) << each.cron;
  }
}

}  // namespace
}  // namespace sb::calendar
