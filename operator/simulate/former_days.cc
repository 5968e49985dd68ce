#include "operator/simulate/former_days.h"

namespace sb::simulate {

std::optional<scaling::Anticipated> FormerDays::FloorAt(WallTime now) {
  if (!policy_.anticipation) return std::nullopt;
  const WallTime hour = scaling::HourOf(now);
  if (seasons_.empty() || seasons_.front().hour != hour) {
    seasons_.assign(policy_.metrics.size(), {hour, {}});
    for (std::size_t i = 0; i < policy_.metrics.size(); ++i) {
      if (!policy_.metrics[i].recorded) continue;
      for (const auto& span : scaling::FormerSpans(*policy_.anticipation, hour)) {
        seasons_[i].days.push_back(scaling::NeedsOf(
            policy_.metrics[i], policy_.behavior.up.tolerance, span, Record(i, span)));
      }
    }
  }
  std::optional<scaling::Anticipated> greatest;
  for (std::size_t i = 0; i < policy_.metrics.size(); ++i) {
    auto floor = scaling::Anticipate(*policy_.anticipation, policy_.max_replicas,
                                     policy_.metrics[i].name, seasons_[i], now);
    if (floor && (!greatest || floor->replicas > greatest->replicas)) greatest = std::move(floor);
  }
  return greatest;
}

// As a range query would give it. What is in neither record is no point.
std::vector<promql::Series> FormerDays::Record(std::size_t metric,
                                               const scaling::FormerSpan& span) const {
  std::vector<promql::Series> points;
  for (WallTime at = span.from; at < span.to; at += scaling::kRecordStep) {
    auto value = series_[metric].At(at);
    if (!value && metric < past_.size()) value = past_[metric].At(at);
    if (value) points.push_back({.labels = {}, .value = *value, .at = at});
  }
  return points;
}

}  // namespace sb::simulate
