// What clocks on a wall show in a place: IANA time zones, daylight saving included, read from the
// system's zoneinfo (TZif, RFC 8536). libstdc++ 12 has no std::chrono::tzdb.
//
//   Expected<ZonePtr> paris = LoadZone("Europe/Paris");
//   (*paris)->ToLocal(now);     // 2026-07-01T09:00 for 07:00 UTC
//   (*paris)->FromLocal(local)  // 01:00 UTC for 02:30 on 2026-03-29: that half hour is skipped
//
// A TimeZone is immutable, and loaded once in a process. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::calendar {

// Seconds that a local clock shows since 1970-01-01T00:00 of that clock. A type of its own, so that
// it is never taken for UTC.
struct LocalSeconds {
  std::int64_t value = 0;
  friend auto operator<=>(const LocalSeconds&, const LocalSeconds&) = default;
};

class TimeZone {
 public:
  // The contents of a TZif file. Safe on any input; kInvalidArgument if it is none.
  static Expected<TimeZone> Parse(std::string_view tzif);
  static TimeZone Utc();

  LocalSeconds ToLocal(WallTime time) const;
  // The first moment at which the local clock shows `local`. One that is skipped (spring) is the
  // moment of the jump; one that is shown twice (autumn) is the first of the two.
  WallTime FromLocal(LocalSeconds local) const;

 private:
  // A day of the year in a POSIX TZ string: when daylight saving begins or ends.
  struct RuleDay {
    enum class Kind { kMonthWeekDay, kJulian, kZeroBased } kind = Kind::kMonthWeekDay;
    int month = 1, week = 1, day = 0;
    std::int64_t seconds = 7200;  // local, after midnight of that day
  };
  // What holds after the last transition of the file.
  struct Tail {
    std::int64_t standard = 0;
    std::int64_t saving = 0;
    bool has_saving = false;
    RuleDay begin, end;
  };
  struct Change {
    std::int64_t at = 0;      // UTC
    std::int64_t offset = 0;  // east of Greenwich, from then on
  };

  static bool ParseTail(std::string_view text, Tail& tail);
  static std::int64_t DayOf(const RuleDay& rule, int year);
  std::int64_t OffsetAt(std::int64_t utc) const;

  std::int64_t first_offset_ = 0;
  std::vector<Change> changes_;
  Tail tail_;
  bool has_tail_ = false;
};

using ZonePtr = std::shared_ptr<const TimeZone>;

// `name`: "Europe/Paris", "UTC". kNotFound: the system has no such zone; kInvalidArgument: no name
// of a zone at all (a path, say).
Expected<ZonePtr> LoadZone(std::string_view name);

}  // namespace sb::calendar
