// The floor of anticipation while a day is run again: the operator's own arithmetic
// (scaling/anticipation.h) on a record instead of a Prometheus.
//
//   FormerDays days(policy, past, series);
//   situation.anticipated = days.FloorAt(now);
#pragma once

#include <optional>
#include <vector>

#include "operator/scaling/anticipation.h"
#include "operator/simulate/series.h"

namespace sb::simulate {

class FormerDays {
 public:
  // All must outlive this. `past` has one entry for each of policy.metrics, or none at all.
  FormerDays(const scaling::Policy& policy, const std::vector<Series>& past,
             const std::vector<Series>& series)
      : policy_(policy), past_(past), series_(series) {}

  std::optional<scaling::Anticipated> FloorAt(WallTime now);

 private:
  std::vector<promql::Series> Record(std::size_t metric, const scaling::FormerSpan& span) const;

  const scaling::Policy& policy_;
  const std::vector<Series>& past_;
  const std::vector<Series>& series_;
  std::vector<scaling::Season> seasons_;  // of the hour that was looked at last, by metric
};

}  // namespace sb::simulate
