// Windows of time in which a workload has other bounds: at least so many pods (a floor), or at most
// so many (a ceiling).
//
//   Bounds bounds = BoundsAt({2, 20}, schedules, now);   // {6, 20} during office hours
//
// A window begins when its cron expression says so on the clock of its zone, and lasts `duration`
// of real time. A beginning that daylight saving skips is the moment of the jump, one that comes
// twice is the first. Of overlapping windows the highest floor and the lowest ceiling count; a
// ceiling wins over a floor, and neither leaves minReplicas..maxReplicas. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "operator/calendar/cron.h"
#include "operator/calendar/time_zone.h"

namespace sb::scaling {

struct Schedule {
  calendar::Cron cron;
  calendar::ZonePtr zone;  // never null
  std::chrono::seconds duration{0};
  std::optional<int> floor;
  std::optional<int> ceiling;
  std::string name;  // how messages name it: its cron expression and zone
};

// When the window that is open at `now` began; empty: none is open.
std::optional<WallTime> OpenSince(const Schedule& schedule, WallTime now);

struct Bounds {
  int floor = 1;
  int ceiling = 1;
  std::string floor_from = {};    // name of the schedule that sets it; "": minReplicas
  std::string ceiling_from = {};  // likewise; "": maxReplicas
};

Bounds BoundsAt(int min_replicas, int max_replicas, const std::vector<Schedule>& schedules,
                WallTime now);

}  // namespace sb::scaling
