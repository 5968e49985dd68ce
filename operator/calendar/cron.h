// Cron expressions: at which local minutes something happens.
//
//   auto cron = Cron::Parse("0 8 * * 1-5");     // 08:00 from Monday to Friday
//   cron->LastAtOrBefore(local, limit);         // when it last happened
//
// Five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday); numbers, names
// of months and days (JAN, MON), ranges, lists and steps. As in crontab(5), if both day fields are
// restricted either of them is enough. Pure; safe on any input.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "common/error.h"
#include "operator/calendar/time_zone.h"

namespace sb::calendar {

class Cron {
 public:
  // kInvalidArgument: the message says which field is wrong.
  static Expected<Cron> Parse(std::string_view text);

  // Whether it happens in the minute that begins at `local`.
  bool Matches(LocalSeconds local) const;
  // The latest minute, not after `local` and not more than `limit` before it, in which it happens.
  std::optional<LocalSeconds> LastAtOrBefore(LocalSeconds local, std::chrono::seconds limit) const;

 private:
  bool MatchesDay(std::chrono::year_month_day date, std::chrono::weekday weekday) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1 to 31
  std::bitset<13> months_;   // 1 to 12
  std::bitset<8> weekdays_;  // 0 to 6
  bool any_day_ = false;     // the field was "*"
  bool any_weekday_ = false;
};

}  // namespace sb::calendar
