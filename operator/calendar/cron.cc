#include "operator/calendar/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

namespace sb::calendar {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::int64_t kMinute = 60;
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

struct FieldKind {
  const char* name;
  int least;
  int most;
};
constexpr FieldKind kFields[] = {{"minute", 0, 59},
                                 {"hour", 0, 23},
                                 {"day of month", 1, 31},
                                 {"month", 1, 12},
                                 {"day of week", 0, 7}};

std::optional<int> Value(std::string_view text, const FieldKind& kind) {
  if (text.empty() || text.size() > 3) return std::nullopt;
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto named = [&lower](const auto& names, int first) -> std::optional<int> {
    const auto found = std::find(names.begin(), names.end(), lower);
    if (found == names.end()) return std::nullopt;
    return first + static_cast<int>(found - names.begin());
  };
  if (kind.most == 12) {
    if (const auto month = named(kMonths, 1)) return month;
  }
  if (kind.most == 7) {
    if (const auto weekday = named(kWeekdays, 0)) return weekday;
  }
  int value = 0;
  for (const char c : lower) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value < kind.least || value > kind.most) return std::nullopt;
  return value;
}

// One element of a list: "*", "5", "1-5", each with an optional "/step".
bool ReadElement(std::string_view text, const FieldKind& kind, std::vector<int>& values) {
  int step = 1;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto number = Value(text.substr(slash + 1), {"", 1, 99});
    if (!number) return false;
    step = *number;
    text = text.substr(0, slash);
  }
  int from = kind.least;
  int to = kind.most;
  if (text != "*") {
    const std::size_t dash = text.find('-');
    const auto first = Value(text.substr(0, dash), kind);
    if (!first) return false;
    from = *first;
    to = slash == std::string_view::npos ? from : kind.most;
    if (dash != std::string_view::npos) {
      const auto last = Value(text.substr(dash + 1), kind);
      if (!last || *last < from) return false;
      to = *last;
    }
  }
  for (int value = from; value <= to; value += step) values.push_back(value);
  return true;
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    if (text.empty()) parts.push_back({});
  }
  return parts;
}

}  // namespace

Expected<Cron> Cron::Parse(std::string_view text) {
  std::vector<std::string_view> fields;
  for (const std::string_view part : Split(text, " \t")) {
    if (!part.empty()) fields.push_back(part);
  }
  if (text.size() > 256 || fields.size() != 5) {
    return Fail(ErrorCode::kInvalidArgument,
                "has to have five fields: minute, hour, day of month, month, day of week, as in "
                "\"0 8 * * 1-5\"");
  }
  Cron cron;
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<int> values;
    for (const std::string_view element : Split(fields[i], ",")) {
      if (ReadElement(element, kFields[i], values)) continue;
      return Fail(ErrorCode::kInvalidArgument,
                  std::string("its ") + kFields[i].name + " has to be numbers from " +
                      std::to_string(kFields[i].least) + " to " + std::to_string(kFields[i].most) +
                      ", as in \"*\", \"5\", \"1-5\", \"1,3\" or \"*/2\"");
    }
    for (const int value : values) {
      const auto bit = static_cast<std::size_t>(value);
      switch (i) {
        case 0:
          cron.minutes_.set(bit);
          break;
        case 1:
          cron.hours_.set(bit);
          break;
        case 2:
          cron.days_.set(bit);
          break;
        case 3:
          cron.months_.set(bit);
          break;
        default:
          cron.weekdays_.set(bit % 7);
          break;
      }
    }
  }
  cron.any_day_ = fields[2].starts_with('*');
  cron.any_weekday_ = fields[4].starts_with('*');
  return cron;
}

bool Cron::MatchesDay(std::chrono::year_month_day date, std::chrono::weekday weekday) const {
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool day = days_[static_cast<unsigned>(date.day())];
  const bool on = weekdays_[weekday.c_encoding()];
  // crontab(5): the two day fields are alternatives once both are restricted.
  return any_day_ || any_weekday_ ? day && on : day || on;
}

bool Cron::Matches(LocalSeconds local) const {
  const sys_seconds at{std::chrono::seconds(local.value)};
  const sys_days date = floor<days>(at);
  const std::chrono::hh_mm_ss time(at - date);
  return minutes_[static_cast<std::size_t>(time.minutes().count())] &&
         hours_[static_cast<std::size_t>(time.hours().count())] &&
         MatchesDay(date, std::chrono::weekday(date));
}

std::optional<LocalSeconds> Cron::LastAtOrBefore(LocalSeconds local,
                                                 std::chrono::seconds limit) const {
  const sys_seconds latest =
      floor<std::chrono::minutes>(sys_seconds(std::chrono::seconds(local.value)));
  const sys_seconds earliest{std::chrono::seconds(local.value - limit.count())};
  for (sys_days date = floor<days>(latest); date + days(1) > earliest; date -= days(1)) {
    if (!MatchesDay(date, std::chrono::weekday(date))) continue;
    for (int hour = 23; hour >= 0; --hour) {
      if (!hours_[static_cast<std::size_t>(hour)]) continue;
      for (int minute = 59; minute >= 0; --minute) {
        if (!minutes_[static_cast<std::size_t>(minute)]) continue;
        const sys_seconds at = date + std::chrono::hours(hour) + std::chrono::minutes(minute);
        if (at > latest) continue;
        if (at < earliest) return std::nullopt;
        return LocalSeconds{at.time_since_epoch().count()};
      }
    }
  }
  return std::nullopt;
}

}  // namespace sb::calendar
