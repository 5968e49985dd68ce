#include "operator/simulate/replay.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "operator/scaling/decision.h"
#include "operator/simulate/former_days.h"
#include "operator/simulate/stock_hpa.h"

namespace sb::simulate {
namespace {

using std::chrono::seconds;

constexpr seconds kTick{1};
constexpr seconds kDirectEvery{2};
constexpr seconds kMomentEvery{15};
// A scrape and a sync know nothing of each other: on average a sync comes half of its period later.
constexpr seconds kSyncPhase{7};
constexpr std::chrono::minutes kFlap{10};

// The pods of a workload: a count, and when the latest ones are ready.
class Pods {
 public:
  Pods(int count, seconds start_up) : start_up_(start_up), ready_(count), count_(count) {}

  void Set(int count, WallTime now) {
    if (count > count_) starting_.push_back({now + start_up_, count - count_});
    for (int gone = count_ - count; gone > 0;) {
      // The youngest go first, as a ReplicaSet picks pods that are not ready.
      if (starting_.empty()) {
        ready_ -= gone;
        break;
      }
      const int taken = std::min(gone, starting_.back().second);
      gone -= taken;
      starting_.back().second -= taken;
      if (starting_.back().second == 0) starting_.pop_back();
    }
    count_ = count;
  }
  int Ready(WallTime now) {
    while (!starting_.empty() && starting_.front().first <= now) {
      ready_ += starting_.front().second;
      starting_.pop_front();
    }
    return ready_;
  }
  int count() const { return count_; }

 private:
  const seconds start_up_;
  int ready_;
  int count_;
  std::deque<std::pair<WallTime, int>> starting_;
};

scaling::Sample SampleOf(const Series& series, WallTime now) {
  const auto value = series.At(now);
  if (!value) return {.evidence = scaling::Evidence::kEmpty, .at = now, .error = "no sample"};
  if (*value < 0) {
    return {.evidence = scaling::Evidence::kFailed, .at = now, .error = "a negative value"};
  }
  return {.evidence = scaling::Evidence::kFresh, .value = *value, .at = now};
}

// How many pods would have exactly their target.
double Needed(const scaling::Policy& policy, const scaling::Situation& situation) {
  double most = 0;
  for (std::size_t i = 0; i < policy.metrics.size(); ++i) {
    const scaling::Sample& sample = situation.readings[i].sample;
    if (sample.evidence != scaling::Evidence::kFresh) continue;
    const double ratio = sample.value / policy.metrics[i].target;
    most = std::max(most, policy.metrics[i].type == api::TargetType::kAverageValue
                              ? ratio
                              : ratio * situation.ready);
  }
  return most;
}

}  // namespace

Course Replay(const scaling::Policy& policy, const std::vector<Series>& series,
              const ReplayOptions& options) {
  Course run;
  const WallTime begin = series.front().points.front().at;
  const WallTime end = series.front().points.back().at;
  const int first = options.replicas > 0 ? options.replicas : std::max(policy.min_replicas, 1);
  Pods pods(first, options.start_up);
  StockHpa hpa(policy, options.has_behavior);
  scaling::History history = scaling::History::Begin(begin);
  FormerDays former_days(policy, options.past, series);
  const double slack = 1 + policy.behavior.up.tolerance;
  int last_direction = 0;
  std::optional<WallTime> last_change;
  double pod_seconds = 0;
  double under_seconds = 0;
  for (WallTime now = begin; now <= end; now += kTick) {
    const auto since = std::chrono::duration_cast<seconds>(now - begin);
    scaling::Situation situation{
        .current = pods.count(), .ready = pods.Ready(now), .zero_is_ours = true, .created = begin};
    for (const Series& one : series) situation.readings.push_back({SampleOf(one, now)});
    const bool direct = options.engine == Engine::kDirect;
    int next = pods.count();
    if (direct && since % kDirectEvery == seconds(0)) {
      situation.anticipated = former_days.FloorAt(now);
      scaling::Outcome outcome = scaling::Decide(policy, situation, std::move(history), now);
      history = std::move(outcome.history);
      next = outcome.decision.replicas;
      history.NoteChange(pods.count(), next, now);
    } else if (!direct && since % StockHpa::kSync == kSyncPhase) {
      next = hpa.Sync(situation, now);
    }
    if (next != pods.count()) {
      const int direction = next > pods.count() ? 1 : -1;
      ++run.score.changes;
      if (last_change && direction != last_direction && now - *last_change < kFlap)
        ++run.score.flaps;
      last_direction = direction;
      last_change = now;
      pods.Set(next, now);
    }
    const double needed = Needed(policy, situation);
    const int ready = pods.Ready(now);
    pod_seconds += pods.count();
    // What the bounds forbid is nobody's failure to follow.
    const double reachable = std::min<double>(needed, policy.max_replicas);
    if (reachable > ready * slack) under_seconds += 1;
    run.score.most = std::max(run.score.most, pods.count());
    if (since % kMomentEvery == seconds(0)) {
      run.moments.push_back({now, series.front().At(now), pods.count(), ready, needed});
    }
  }
  run.score.replica_hours = pod_seconds / 3600;
  run.score.under_minutes = under_seconds / 60;
  return run;
}

}  // namespace sb::simulate
