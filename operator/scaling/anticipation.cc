#include "operator/scaling/anticipation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "operator/scaling/sample.h"

namespace sb::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kBlock = minutes(5);
constexpr seconds kHour = hours(1);
// More than any workload may have: what a count is cut to before it is an int.
constexpr double kMostPods = 1e6;

int DaysApart(api::Season season) { return season == api::Season::kWeekly ? 7 : 1; }

// How many blocks count at a moment: the present one, and what is ahead.
std::size_t BlocksAhead(const api::Anticipation& anticipation) {
  return 1 + static_cast<std::size_t>((anticipation.look_ahead + kBlock - seconds(1)) / kBlock);
}

std::size_t BlocksOfSpan(const api::Anticipation& anticipation) {
  return static_cast<std::size_t>(kHour / kBlock) - 1 + BlocksAhead(anticipation);
}

// What a day needed in the blocks of a moment. Nothing if less than half of them is known.
std::optional<int> NeedOf(const Needs& day, std::size_t first, std::size_t count) {
  std::size_t known = 0;
  int most = 0;
  for (std::size_t i = first; i < std::min(first + count, day.size()); ++i) {
    if (!day[i]) continue;
    ++known;
    most = std::max(most, *day[i]);
  }
  if (known == 0 || 2 * known < count) return std::nullopt;
  return most;
}

std::string ClockText(const calendar::TimeZone& zone, WallTime time) {
  const std::int64_t of_day = ((zone.ToLocal(time).value % 86'400) + 86'400) % 86'400;
  char text[8];
  std::snprintf(text, sizeof text, "%02d:%02d", static_cast<int>(of_day / 3600),
                static_cast<int>(of_day / 60 % 60));
  return text;
}

const char* DayName(const calendar::TimeZone& zone, WallTime time) {
  static constexpr const char* kDays[] = {"Thursdays", "Fridays",  "Saturdays", "Sundays",
                                          "Mondays",   "Tuesdays", "Wednesdays"};
  const std::int64_t local = zone.ToLocal(time).value;
  const std::int64_t day = (local >= 0 ? local : local - 86'399) / 86'400;
  return kDays[((day % 7) + 7) % 7];  // 1970-01-01 was a Thursday
}

}  // namespace

WallTime HourOf(WallTime now) { return std::chrono::floor<hours>(now); }

std::vector<FormerSpan> FormerSpans(const api::Anticipation& anticipation, WallTime hour) {
  const seconds length = kBlock * static_cast<int>(BlocksOfSpan(anticipation));
  const int apart = DaysApart(anticipation.season);
  const std::int64_t local = anticipation.zone->ToLocal(hour).value;
  std::vector<FormerSpan> spans;
  for (int back = apart; back <= anticipation.history_days; back += apart) {
    const WallTime from = anticipation.zone->FromLocal({local - std::int64_t{back} * 86'400});
    spans.push_back({from, from + length});
  }
  return spans;
}

Needs NeedsOf(const MetricPolicy& metric, double tolerance, const FormerSpan& span,
              const std::vector<promql::Series>& points) {
  Needs needs(static_cast<std::size_t>((span.to - span.from) / kBlock));
  bool any = false;
  for (const promql::Series& point : points) {
    if (point.at < span.from || point.at >= span.to) continue;
    if (!std::isfinite(point.value) || point.value < 0 || point.value > kMaxValue) continue;
    // The tolerance is what a reaction would have been content with.
    const double pods = std::ceil(point.value / (metric.target * (1 + tolerance)) - 1e-9);
    const int need = static_cast<int>(std::clamp(pods, 0.0, kMostPods));
    std::optional<int>& block = needs[static_cast<std::size_t>((point.at - span.from) / kBlock)];
    block = std::max(block.value_or(0), need);
    any = true;
  }
  return any ? needs : Needs();
}

std::optional<Anticipated> Anticipate(const api::Anticipation& anticipation, int most,
                                      const std::string& metric, const Season& season,
                                      WallTime now) {
  if (now < season.hour) return std::nullopt;
  const std::size_t first = static_cast<std::size_t>((now - season.hour) / kBlock);
  const std::size_t count = BlocksAhead(anticipation);
  if (first >= BlocksOfSpan(anticipation)) return std::nullopt;
  std::vector<int> needs;
  for (const Needs& day : season.days) {
    if (const auto need = NeedOf(day, first, count)) needs.push_back(*need);
  }
  if (needs.size() < 2) return std::nullopt;
  std::sort(needs.begin(), needs.end(), std::greater<>());
  const std::size_t rank = std::max<std::size_t>(2, (needs.size() + 1) / 2);
  const int wanted = needs[rank - 1];
  const auto agreeing =
      std::count_if(needs.begin(), needs.end(), [&](int need) { return need >= wanted; });

  const calendar::TimeZone& zone = *anticipation.zone;
  const WallTime from = season.hour + kBlock * static_cast<int>(first);
  const std::string days =
      anticipation.season == api::Season::kWeekly ? DayName(zone, from) : "days";
  const int cap = std::min(most, anticipation.max_replicas.value_or(most));
  std::string why =
      "on " + std::to_string(agreeing) + " of the last " + std::to_string(needs.size()) + " " +
      days + " " + metric + " asked for " + (wanted > cap ? std::to_string(wanted) : "that many") +
      " between " + ClockText(zone, from) + " and " +
      ClockText(zone, from + kBlock * static_cast<int>(count)) + " " + anticipation.timezone;
  return Anticipated{std::min(wanted, cap), std::move(why)};
}

}  // namespace sb::scaling
