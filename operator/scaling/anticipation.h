// Anticipation: a floor for the count from what the metric was at this time of day (of the week)
// before. It is a guess, so it may only raise: the rule that reacts to the present is never
// overruled downwards, and a past that is missing or makes no sense is no guess at all.
//
//   const WallTime hour = HourOf(now);
//   Season season{hour, {}};                              // once an hour, for each metric
//   for (const FormerSpan& span : FormerSpans(anticipation, hour))
//     season.days.push_back(NeedsOf(metric, 0.1, span, Recorded(span)));
//   auto floor = Anticipate(anticipation, 20, "rate", season, now);
//   floor->replicas;  // 7
//   floor->why;       // on 9 of the last 14 days rate asked for that many between 08:10 and 08:25
//
// The rule, for the blocks of five minutes from the present one to `lookAhead` after it:
//   1. A former day (Weekly: the same day of a former week) needs the greatest count that its
//      record asks for in them: value / target, as far as the tolerance lets a reaction go.
//   2. The floor is what at least half of these days needed, and at least two. One odd day, however
//      wild, raises nothing, and less than two days are no evidence. (A quarter instead of half
//      serves a little better and costs three times the pods: `simulate --days`.)
//   3. At most `maxReplicas` of the anticipation and of the workload.
// So it changes at most once in five minutes, and a dip shorter than lookAhead does not show.
//
// Former spans begin when the clock of `timezone` showed the same, so that eight o'clock stays
// eight o'clock over daylight saving; within the hour in which the clock jumps, that one day is
// off. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "operator/api/backend.h"
#include "operator/prometheus/result.h"
#include "operator/scaling/policy.h"

namespace sb::scaling {

// The record is read in steps of so long.
inline constexpr std::chrono::seconds kRecordStep{60};

// The beginning of the hour (UTC) that `now` is in: what is asked for at a time.
WallTime HourOf(WallTime now);

// What has to be known of a former day to anticipate in an hour: that hour, and what is ahead of
// its last moment.
struct FormerSpan {
  WallTime from, to;
};
// Of each former day, yesterday (last week) first.
std::vector<FormerSpan> FormerSpans(const api::Anticipation& anticipation, WallTime hour);

// The count that a former day needed in each block of its span. Empty: nothing is known of it.
using Needs = std::vector<std::optional<int>>;

// `points`: the record of a span, in any order; what lies outside of it, or is no finite number of
// 0 or more, is left out. `tolerance`: of scaling up.
Needs NeedsOf(const MetricPolicy& metric, double tolerance, const FormerSpan& span,
              const std::vector<promql::Series>& points);

// What is known of a metric for one hour.
struct Season {
  WallTime hour;
  std::vector<Needs> days;  // in the order of FormerSpans; empty: not (yet) known
};

struct Anticipated {
  int replicas = 0;
  std::string why;  // a sentence without its beginning and end
  friend bool operator==(const Anticipated&, const Anticipated&) = default;
};

// Nothing: less than two days are known for that time (of half of its blocks at least), or `now` is
// not in what the season was asked for. `most`: the workload's maxReplicas.
std::optional<Anticipated> Anticipate(const api::Anticipation& anticipation, int most,
                                      const std::string& metric, const Season& season,
                                      WallTime now);

}  // namespace sb::scaling
