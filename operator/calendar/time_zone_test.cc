// Without these a schedule in a user's time zone is an hour off for half of the year.
#include "operator/calendar/time_zone.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace sb::calendar {
namespace {

WallTime Utc(const std::string& text) { return *ParseTime(text + "Z"); }

// A local time, written like one of UTC.
LocalSeconds Local(const std::string& text) {
  return {std::chrono::duration_cast<std::chrono::seconds>(Utc(text).time_since_epoch()).count()};
}

TEST(TimeZone, TellsLocalTime) {
  const struct {
    const char* zone;
    const char* utc;
    const char* local;
  } cases[] = {
      {"UTC", "2026-07-01T12:00:00", "2026-07-01T12:00:00"},
      {"Europe/Paris", "2026-01-15T12:00:00", "2026-01-15T13:00:00"},
      {"Europe/Paris", "2026-07-15T12:00:00", "2026-07-15T14:00:00"},
      // Spring forward and fall back, to the second.
      {"Europe/Paris", "2026-03-29T00:59:59", "2026-03-29T01:59:59"},
      {"Europe/Paris", "2026-03-29T01:00:00", "2026-03-29T03:00:00"},
      {"Europe/Paris", "2026-10-25T00:59:59", "2026-10-25T02:59:59"},
      {"Europe/Paris", "2026-10-25T01:00:00", "2026-10-25T02:00:00"},
      // After the last transition of the file: by the POSIX tail.
      {"Europe/Paris", "2061-07-01T12:00:00", "2061-07-01T14:00:00"},
      {"America/New_York", "2026-03-08T07:00:00", "2026-03-08T03:00:00"},
      {"America/New_York", "2055-12-01T12:00:00", "2055-12-01T07:00:00"},
      // South of the equator the saving spans the turn of the year.
      {"Australia/Sydney", "2026-01-01T00:00:00", "2026-01-01T11:00:00"},
      {"Australia/Sydney", "2050-07-01T00:00:00", "2050-07-01T10:00:00"},
      {"Australia/Sydney", "2050-12-31T23:00:00", "2051-01-01T10:00:00"},
      // Half and quarter hours, and one that ended its saving.
      {"Asia/Kolkata", "2026-05-01T00:00:00", "2026-05-01T05:30:00"},
      {"Asia/Kathmandu", "2026-05-01T00:00:00", "2026-05-01T05:45:00"},
      {"Australia/Lord_Howe", "2050-01-01T00:00:00", "2050-01-01T11:00:00"},
      {"America/Sao_Paulo", "2026-12-01T12:00:00", "2026-12-01T09:00:00"},
      {"Europe/Dublin", "2050-07-01T12:00:00", "2050-07-01T13:00:00"},
  };
  for (const auto& each : cases) {
    const auto zone = LoadZone(each.zone);
    ASSERT_TRUE(zone) << each.zone << ": " << zone.error().message;
    EXPECT_EQ((*zone)->ToLocal(Utc(each.utc)), Local(each.local)) << each.zone << " " << each.utc;
  }
}

TEST(TimeZone, FindsTheMomentOfALocalTime) {
  const struct {
    const char* zone;
    const char* local;
    const char* utc;
  } cases[] = {
      {"Europe/Paris", "2026-07-15T14:00:00", "2026-07-15T12:00:00"},
      {"Europe/Paris", "2026-03-29T02:30:00", "2026-03-29T01:00:00"},  // skipped: the jump
      {"Europe/Paris", "2026-10-25T02:30:00", "2026-10-25T00:30:00"},  // twice: the first
      {"Europe/Paris", "2026-10-25T03:00:00", "2026-10-25T02:00:00"},
      {"America/New_York", "2050-03-13T02:15:00", "2050-03-13T07:00:00"},
      {"Asia/Kathmandu", "2026-05-01T05:45:00", "2026-05-01T00:00:00"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(FormatTime((*LoadZone(each.zone))->FromLocal(Local(each.local))),
              std::string(each.utc) + "Z")
        << each.zone << " " << each.local;
  }
}

TEST(TimeZone, ThereAndBackOverAYearOfMoments) {
  for (const char* name : {"Europe/Paris", "Australia/Lord_Howe", "America/New_York"}) {
    const ZonePtr zone = *LoadZone(name);
    for (WallTime at = Utc("2039-01-01T00:00:00"); at < Utc("2040-01-01T00:00:00");
         at += std::chrono::minutes(17)) {
      const WallTime back = zone->FromLocal(zone->ToLocal(at));
      // The same moment, or the first of two that look the same.
      ASSERT_LE(back, at) << name << " " << FormatTime(at);
      ASSERT_EQ(zone->ToLocal(back), zone->ToLocal(at)) << name << " " << FormatTime(at);
    }
  }
}

TEST(TimeZone, RefusesWhatIsNoZone) {
  for (const char* name : {"", "Paris", "Europe/Atlantis", "/etc/passwd", "../../etc/passwd",
                           "Europe", "zone.tab", "Europe/Paris\n"}) {
    EXPECT_FALSE(LoadZone(name)) << name;
  }
}

TEST(TimeZone, ReadsAnyBytesWithoutHarm) {
  std::ifstream file("/usr/share/zoneinfo/Europe/Paris", std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_TRUE(TimeZone::Parse(whole));
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    (void)TimeZone::Parse(whole.substr(0, size));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(~static_cast<unsigned char>(broken[at]));
    if (const auto zone = TimeZone::Parse(broken)) zone->ToLocal(Utc("2045-06-01T00:00:00"));
  }
}

}  // namespace
}  // namespace sb::calendar
