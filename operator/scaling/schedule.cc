#include "operator/scaling/schedule.h"

#include <algorithm>

namespace sb::scaling {
namespace {

// More than any zone's clock was ever set back: a beginning that the local clock is yet to show
// again has happened already.
constexpr std::int64_t kMostSetBack = 3 * 3600;

}  // namespace

std::optional<WallTime> OpenSince(const Schedule& schedule, WallTime now) {
  calendar::LocalSeconds from{schedule.zone->ToLocal(now).value + kMostSetBack};
  const std::int64_t earliest =
      from.value - schedule.duration.count() - std::int64_t{2} * kMostSetBack;
  while (from.value >= earliest) {
    const auto begin =
        schedule.cron.LastAtOrBefore(from, std::chrono::seconds(from.value - earliest));
    if (!begin) return std::nullopt;
    const WallTime at = schedule.zone->FromLocal(*begin);
    if (at <= now) {
      if (now - at < schedule.duration) return at;
      return std::nullopt;
    }
    from.value = begin->value - 60;
  }
  return std::nullopt;
}

Bounds BoundsAt(int min_replicas, int max_replicas, const std::vector<Schedule>& schedules,
                WallTime now) {
  Bounds bounds{min_replicas, max_replicas};
  for (const Schedule& schedule : schedules) {
    if (!OpenSince(schedule, now)) continue;
    if (schedule.floor && *schedule.floor > bounds.floor) {
      bounds.floor = *schedule.floor;
      bounds.floor_from = schedule.name;
    }
    if (schedule.ceiling && *schedule.ceiling < bounds.ceiling) {
      bounds.ceiling = *schedule.ceiling;
      bounds.ceiling_from = schedule.name;
    }
  }
  bounds.ceiling = std::clamp(bounds.ceiling, min_replicas, max_replicas);
  if (bounds.floor > bounds.ceiling) {
    bounds.floor = bounds.ceiling;
    bounds.floor_from = bounds.ceiling_from;
  }
  return bounds;
}

}  // namespace sb::scaling
