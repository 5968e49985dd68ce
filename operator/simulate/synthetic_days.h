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
  // The fourteen days before, as a recurring load makes them: the same shape with another level
  // (0.85 to 1.15), some minutes earlier or later and with noise of its own; one of them a holiday,
  // one with twice the load. What does not recur (spikes, a flash crowd, drift) is somewhere else
  // on each of them, or not there at all.
  Series past;
};

std::vector<Day> SyntheticDays();

}  // namespace sb::simulate
