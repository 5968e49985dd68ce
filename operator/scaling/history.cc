#include "operator/scaling/history.h"

#include <algorithm>

namespace sb::scaling {
namespace {

constexpr std::chrono::hours kReach{1};
// One an evaluation, an hour of evaluations: more than can be, unless a clock jumps about.
constexpr std::size_t kMostEntries = 4000;

std::int64_t Millis(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::optional<WallTime> TimeAt(const Json& json, const char* key, WallTime now) {
  const Json* value = Find(json, {key});
  if (!value || !value->is_number_integer()) return std::nullopt;
  constexpr std::int64_t kMost = 1LL << 43;  // the year 2248
  const auto millis = std::clamp<std::int64_t>(value->get<std::int64_t>(), 0, kMost);
  return std::min(WallTime(std::chrono::milliseconds(millis)), now);
}

}  // namespace

History History::Begin(WallTime now) {
  History history;
  // Whole milliseconds, as in JSON: what is stored and read again is the same.
  history.began_ = std::chrono::time_point_cast<std::chrono::milliseconds>(now);
  history.last_active_ = history.began_;
  return history;
}

void History::Forget(WallTime now) {
  const WallTime oldest = now - kReach;
  const auto drop = [&](auto& entries, auto time_of) {
    auto keep = std::find_if(entries.begin(), entries.end(),
                             [&](const auto& entry) { return time_of(entry) > oldest; });
    if (static_cast<std::size_t>(entries.end() - keep) > kMostEntries)
      keep = entries.end() - static_cast<std::ptrdiff_t>(kMostEntries);
    entries.erase(entries.begin(), keep);
  };
  drop(recommendations_, [](const Recommendation& entry) { return entry.until; });
  drop(changes_, [](const Change& entry) { return entry.at; });
}

void History::NoteRecommendation(int replicas, WallTime now) {
  if (!recommendations_.empty() && recommendations_.back().replicas == replicas) {
    recommendations_.back().until = std::max(recommendations_.back().until, now);
  } else {
    recommendations_.push_back({replicas, now});
  }
  Forget(now);
}

std::optional<int> History::Lowest(WallTime since) const {
  std::optional<int> lowest;
  for (const Recommendation& entry : recommendations_) {
    if (entry.until > since) lowest = std::min(lowest.value_or(entry.replicas), entry.replicas);
  }
  return lowest;
}

std::optional<int> History::Highest(WallTime since) const {
  std::optional<int> highest;
  for (const Recommendation& entry : recommendations_) {
    if (entry.until > since) highest = std::max(highest.value_or(entry.replicas), entry.replicas);
  }
  return highest;
}

void History::NoteChange(int before, int after, WallTime now) {
  if (before == after) return;
  changes_.push_back({after - before, now});
  Forget(now);
}

Changes History::ChangesSince(WallTime since) const {
  Changes changes;
  for (const Change& entry : changes_) {
    if (entry.at <= since) continue;
    (entry.by > 0 ? changes.added : changes.removed) += std::abs(entry.by);
  }
  return changes;
}

std::optional<WallTime> History::NoteEvidence(const std::string& metric, bool fresh, WallTime now) {
  if (fresh) {
    missing_since_.erase(metric);
    return std::nullopt;
  }
  WallTime& since = missing_since_.emplace(metric, now).first->second;
  since = std::min(since, now);
  return since;
}

void History::KeepMetrics(const std::vector<std::string>& metrics) {
  std::erase_if(missing_since_, [&](const auto& entry) {
    return std::find(metrics.begin(), metrics.end(), entry.first) == metrics.end();
  });
}

Json History::ToJson() const {
  Json json = {{"began", Millis(began_)}, {"lastActive", Millis(last_active_)}};
  Json recommendations = Json::array();
  for (const Recommendation& entry : recommendations_) {
    recommendations.push_back({{"replicas", entry.replicas}, {"until", Millis(entry.until)}});
  }
  Json changes = Json::array();
  for (const Change& entry : changes_)
    changes.push_back({{"by", entry.by}, {"at", Millis(entry.at)}});
  Json missing = Json::object();
  for (const auto& [metric, since] : missing_since_) missing[metric] = Millis(since);
  json["recommendations"] = std::move(recommendations);
  json["changes"] = std::move(changes);
  json["missingSince"] = std::move(missing);
  return json;
}

std::optional<History> History::FromJson(const Json& json, WallTime now) {
  const auto began = TimeAt(json, "began", now);
  const auto last_active = TimeAt(json, "lastActive", now);
  const Json* recommendations = Find(json, {"recommendations"});
  const Json* changes = Find(json, {"changes"});
  const Json* missing = Find(json, {"missingSince"});
  if (!began || !last_active || !recommendations || !recommendations->is_array() || !changes ||
      !changes->is_array() || !missing || !missing->is_object()) {
    return std::nullopt;
  }
  History history;
  history.began_ = *began;
  history.last_active_ = *last_active;
  for (const Json& entry : *recommendations) {
    const auto until = TimeAt(entry, "until", now);
    const auto replicas = IntAt(entry, {"replicas"}, -1);
    if (!until || replicas < 0 || replicas > 1'000'000) return std::nullopt;
    history.recommendations_.push_back({static_cast<int>(replicas), *until});
  }
  for (const Json& entry : *changes) {
    const auto at = TimeAt(entry, "at", now);
    const auto by = IntAt(entry, {"by"});
    if (!at || by == 0 || std::abs(by) > 1'000'000) return std::nullopt;
    history.changes_.push_back({static_cast<int>(by), *at});
  }
  for (const auto& [metric, since] : missing->items()) {
    const auto at = TimeAt(*missing, metric.c_str(), now);
    if (!at) return std::nullopt;
    history.missing_since_.emplace(metric, *at);
  }
  history.Forget(now);
  return history;
}

}  // namespace sb::scaling
