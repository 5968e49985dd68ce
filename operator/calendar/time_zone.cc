#include "operator/calendar/time_zone.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>

namespace sb::calendar {
namespace {

using std::chrono::sys_days;

constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kMaxFileBytes = 1 << 16;
constexpr const char* kDirectory = "/usr/share/zoneinfo/";

std::int64_t Seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// Big-endian, two's complement.
std::int64_t Number(std::string_view bytes) {
  std::uint64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80u) != 0 ? ~0ull : 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

struct Header {
  char version = 0;
  std::size_t is_utc = 0, is_standard = 0, leaps = 0, times = 0, types = 0, chars = 0;

  std::size_t BodyBytes(std::size_t width) const {
    return times * (width + 1) + types * 6 + chars + leaps * (width + 4) + is_standard + is_utc;
  }
};

std::optional<Header> ReadHeader(std::string_view file) {
  if (file.size() < kHeaderBytes || !file.starts_with("TZif")) return std::nullopt;
  Header header;
  header.version = file[4];
  std::size_t* const counts[] = {&header.is_utc, &header.is_standard, &header.leaps,
                                 &header.times,  &header.types,       &header.chars};
  for (std::size_t i = 0; i < 6; ++i) {
    const std::int64_t count = Number(file.substr(20 + 4 * i, 4));
    if (count < 0 || count > 100'000) return std::nullopt;
    *counts[i] = static_cast<std::size_t>(count);
  }
  if (header.types == 0) return std::nullopt;
  return header;
}

// A cursor over a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3".
class Text {
 public:
  explicit Text(std::string_view rest) : rest_(rest) {}

  bool AtEnd() const { return rest_.empty(); }
  bool Eat(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Name() {
    std::size_t size = 0;
    if (rest_.starts_with('<')) {
      size = rest_.find('>');
      if (size == std::string_view::npos) return false;
      ++size;
    } else {
      while (size < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[size])) != 0)
        ++size;
    }
    if (size < 3) return false;
    rest_.remove_prefix(size);
    return true;
  }
  std::optional<int> Int(int most) {
    int value = 0;
    std::size_t digits = 0;
    while (digits < rest_.size() && digits < 4 &&
           std::isdigit(static_cast<unsigned char>(rest_[digits])) != 0) {
      value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    if (digits == 0 || value > most) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }
  // [+-]hh[:mm[:ss]], up to 167 hours.
  std::optional<std::int64_t> Time() {
    const bool minus = Eat('-');
    if (!minus) Eat('+');
    const auto hours = Int(167);
    if (!hours) return std::nullopt;
    std::int64_t value = *hours * 3600;
    for (const int unit : {60, 1}) {
      if (!Eat(':')) break;
      const auto part = Int(59);
      if (!part) return std::nullopt;
      value += *part * unit;
    }
    return minus ? -value : value;
  }
  bool StartsWithNumber() const {
    return !rest_.empty() && (rest_[0] == '-' || rest_[0] == '+' ||
                              std::isdigit(static_cast<unsigned char>(rest_[0])) != 0);
  }

 private:
  std::string_view rest_;
};

}  // namespace

bool TimeZone::ParseTail(std::string_view string, Tail& tail) {
  Text text(string);
  if (!text.Name()) return false;
  const auto standard = text.Time();
  if (!standard) return false;
  tail.standard = -*standard;  // POSIX counts to the west
  if (text.AtEnd()) return true;
  if (!text.Name()) return false;
  tail.saving = tail.standard + 3600;
  if (text.StartsWithNumber()) {
    const auto saving = text.Time();
    if (!saving) return false;
    tail.saving = -*saving;
  }
  const auto day = [&text](RuleDay& rule) {
    if (!text.Eat(',')) return false;
    if (text.Eat('M')) {
      const auto month = text.Int(12);
      if (!month || *month < 1 || !text.Eat('.')) return false;
      const auto week = text.Int(5);
      if (!week || *week < 1 || !text.Eat('.')) return false;
      const auto weekday = text.Int(6);
      if (!weekday) return false;
      rule = {RuleDay::Kind::kMonthWeekDay, *month, *week, *weekday};
    } else {
      const bool julian = text.Eat('J');
      const auto number = text.Int(julian ? 365 : 366);
      if (!number) return false;
      rule = {julian ? RuleDay::Kind::kJulian : RuleDay::Kind::kZeroBased, 1, 1, *number};
    }
    if (!text.Eat('/')) return true;
    const auto seconds = text.Time();
    if (seconds) rule.seconds = *seconds;
    return seconds.has_value();
  };
  tail.has_saving = day(tail.begin) && day(tail.end) && text.AtEnd();
  return tail.has_saving;
}

// The local second, as if offsets were zero, at which the rule's moment lies in `year`.
std::int64_t TimeZone::DayOf(const RuleDay& rule, int year) {
  using namespace std::chrono;
  const std::chrono::year in{year};
  sys_days date;
  switch (rule.kind) {
    case RuleDay::Kind::kMonthWeekDay: {
      const auto month_of_year = in / month(static_cast<unsigned>(rule.month));
      const weekday on(static_cast<unsigned>(rule.day));
      date = rule.week == 5 ? sys_days(month_of_year / on[last])
                            : sys_days(month_of_year / on[static_cast<unsigned>(rule.week)]);
      break;
    }
    case RuleDay::Kind::kJulian:  // 29 February does not count
      date = sys_days(in / January / 1) + days(rule.day - 1);
      if (in.is_leap() && rule.day >= 60) date += days(1);
      break;
    case RuleDay::Kind::kZeroBased:
      date = sys_days(in / January / 1) + days(rule.day);
      break;
  }
  return duration_cast<seconds>(date.time_since_epoch()).count() + rule.seconds;
}

Expected<TimeZone> TimeZone::Parse(std::string_view tzif) {
  const auto bad = [] { return Fail(ErrorCode::kInvalidArgument, "is no TZif file"); };
  auto header = ReadHeader(tzif);
  if (!header) return bad();
  std::size_t width = 4;
  std::string_view rest = tzif.substr(kHeaderBytes);
  if (header->version >= '2') {  // the second block has 64 bits and the tail
    if (rest.size() < header->BodyBytes(4)) return bad();
    rest.remove_prefix(header->BodyBytes(4));
    header = ReadHeader(rest);
    if (!header) return bad();
    rest.remove_prefix(kHeaderBytes);
    width = 8;
  }
  if (rest.size() < header->BodyBytes(width)) return bad();
  const std::string_view times = rest.substr(0, header->times * width);
  const std::string_view indexes = rest.substr(times.size(), header->times);
  const std::string_view types = rest.substr(times.size() + indexes.size(), header->types * 6);
  const auto offset_of = [&](std::size_t type) { return Number(types.substr(type * 6, 4)); };
  TimeZone zone;
  zone.first_offset_ = offset_of(0);
  for (std::size_t i = 0; i < header->times; ++i) {
    const auto type = static_cast<unsigned char>(indexes[i]);
    if (type >= header->types) return bad();
    const Change change{Number(times.substr(i * width, width)), offset_of(type)};
    if (!zone.changes_.empty() && change.at <= zone.changes_.back().at) return bad();
    zone.changes_.push_back(change);
  }
  if (width == 8) {
    std::string_view tail = rest.substr(header->BodyBytes(width));
    if (tail.starts_with('\n')) tail.remove_prefix(1);
    tail = tail.substr(0, tail.find('\n'));
    zone.has_tail_ = !tail.empty() && ParseTail(tail, zone.tail_);
  }
  return zone;
}

TimeZone TimeZone::Utc() { return {}; }

std::int64_t TimeZone::OffsetAt(std::int64_t utc) const {
  if (changes_.empty() || utc < changes_.front().at) {
    if (!changes_.empty() || !has_tail_) return first_offset_;
  }
  if (!changes_.empty() && (utc < changes_.back().at || !has_tail_)) {
    const auto after =
        std::upper_bound(changes_.begin(), changes_.end(), utc,
                         [](std::int64_t at, const Change& change) { return at < change.at; });
    return std::prev(after)->offset;
  }
  if (!tail_.has_saving) return tail_.standard;
  const auto date = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(utc + tail_.standard))));
  const int year = static_cast<int>(date.year());
  const std::int64_t begin = DayOf(tail_.begin, year) - tail_.standard;
  const std::int64_t end = DayOf(tail_.end, year) - tail_.saving;
  // South of the equator the saving spans the turn of the year.
  const bool saving = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
  return saving ? tail_.saving : tail_.standard;
}

LocalSeconds TimeZone::ToLocal(WallTime time) const {
  const std::int64_t utc = Seconds(time);
  return {utc + OffsetAt(utc)};
}

WallTime TimeZone::FromLocal(LocalSeconds local) const {
  // The offset is one of those that hold within a day around it.
  constexpr std::int64_t kDay = 86'400;
  const std::int64_t before = OffsetAt(local.value - kDay);
  const std::int64_t after = OffsetAt(local.value + kDay);
  const auto at = [](std::int64_t utc) { return WallTime(std::chrono::seconds(utc)); };
  for (const std::int64_t offset : {std::max(before, after), std::min(before, after)}) {
    const std::int64_t utc = local.value - offset;
    if (OffsetAt(utc) == offset) return at(utc);
  }
  // Skipped: the jump lies between the two guesses; find it.
  std::int64_t low = local.value - std::max(before, after) - 1;
  std::int64_t high = local.value - std::min(before, after) + 1;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (middle + OffsetAt(middle) >= local.value ? high : low) = middle;
  }
  return at(high);
}

Expected<ZonePtr> LoadZone(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, ZonePtr, std::less<>> loaded{
      {"UTC", std::make_shared<const TimeZone>(TimeZone::Utc())}};
  const bool plain =
      !name.empty() && name.size() <= 64 && name.front() != '/' &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c < 0x80 && std::isalnum(c) != 0) || c == '/' || c == '_' || c == '-' || c == '+';
      });
  if (!plain) {
    return Fail(ErrorCode::kInvalidArgument, "is no time zone; use one such as Europe/Paris");
  }
  const std::lock_guard lock(mutex);
  if (const auto found = loaded.find(name); found != loaded.end()) return found->second;
  std::ifstream file(kDirectory + std::string(name), std::ios::binary);
  std::string bytes(kMaxFileBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  auto zone = TimeZone::Parse(bytes);
  if (!zone) {
    return Fail(ErrorCode::kNotFound,
                "is not a time zone that this operator knows; use one of the IANA database, such "
                "as Europe/Paris");
  }
  return loaded.emplace(name, std::make_shared<const TimeZone>(*std::move(zone))).first->second;
}

}  // namespace sb::calendar
