#include "operator/simulate/stock_hpa.h"

#include <algorithm>
#include <optional>

namespace sb::simulate {

int StockHpa::Sync(const scaling::Situation& situation, WallTime now) {
  const int current = situation.current;
  const int least = std::max(policy_.min_replicas, 1);
  if (current == 0) return 0;  // ScalingDisabled
  if (current > policy_.max_replicas) return policy_.max_replicas;
  if (current < least) return least;
  std::optional<int> wanted;
  bool failed = false;
  const scaling::Tolerance tolerance{policy_.behavior.up.tolerance,
                                     policy_.behavior.down.tolerance};
  for (std::size_t i = 0; i < policy_.metrics.size(); ++i) {
    const scaling::Sample& sample = situation.readings[i].sample;
    if (sample.evidence != scaling::Evidence::kFresh) {
      failed = true;
      continue;
    }
    const scaling::MetricPolicy& metric = policy_.metrics[i];
    const int proposal = scaling::ForTotal(metric.type, metric.target, sample.value,
                                           {current, situation.ready}, tolerance)
                             .replicas;
    wanted = std::max(wanted.value_or(proposal), proposal);
  }
  if (!wanted || (failed && *wanted < current)) return current;
  history_.NoteRecommendation(*wanted, now);
  int next = *wanted;
  if (has_behavior_) {
    next = scaling::Stabilize(policy_.behavior, current, next, history_, now);
    next = scaling::LimitRate(policy_.behavior, current, next, history_, now);
  } else {
    constexpr std::chrono::minutes kDownscaleWindow{5};
    next = std::max(next, history_.Highest(now - kDownscaleWindow).value_or(next));
    next = std::min(next, std::max(2 * current, 4));
  }
  next = std::clamp(next, least, policy_.max_replicas);
  history_.NoteChange(current, next, now);
  return next;
}

}  // namespace sb::simulate
