// Ten days that a workload may have, made up and the same at each call: a request rate each 15 s,
// as sum(rate(…[1m])) over a real scrape would show it.
//
//   for (const Day& day : SyntheticDays()) Replay(policy, {day.series}, …);
#pragma once

#include <string>
#include <vector>

#include "operator/simulate/series.h"

namespace sb::simulate {

struct Day {
  std::string name;
  Series series;
};

std::vector<Day> SyntheticDays();

}  // namespace sb::simulate
