// What a decision has to remember of earlier ones: what was recommended, what was changed, since
// when there is no evidence, when the workload was last active. A value: the caller keeps it, hands
// it in and takes the new one back, and may store it as JSON between two processes.
//
//   History history = History::Begin(now);          // nothing is known: scaling in waits
//   auto [decision, next] = Decide(policy, situation, std::move(history), now);
//   if (written) next.NoteChange(current, decision.replicas, now);
//
// Bound: entries older than an hour are forgotten (no window or period is longer), equal
// recommendations in a row are one entry. Not thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/time.h"

namespace sb::scaling {

// Pods added and removed in a span of time.
struct Changes {
  int added = 0;
  int removed = 0;
};

class History {
 public:
  // An empty one. Scaling in waits until it is old enough to know better (behavior.h), a cooldown
  // and a fallback count from now.
  static History Begin(WallTime now);
  // The inverse of ToJson; nothing if the document is not one of ours. Times after `now` (a clock
  // that was set back) become `now`.
  static std::optional<History> FromJson(const Json& json, WallTime now);
  Json ToJson() const;

  WallTime began() const { return began_; }

  // A recommendation, before it was stabilized.
  void NoteRecommendation(int replicas, WallTime now);
  // The lowest (highest) recommendation that held after `since`. Empty: there was none.
  std::optional<int> Lowest(WallTime since) const;
  std::optional<int> Highest(WallTime since) const;

  // The count was changed by a decision.
  void NoteChange(int before, int after, WallTime now);
  Changes ChangesSince(WallTime since) const;

  // Per metric: whether there is evidence now. Returns since when there is none; empty if there is.
  std::optional<WallTime> NoteEvidence(const std::string& metric, bool fresh, WallTime now);
  // Metrics that are no longer in the spec are forgotten.
  void KeepMetrics(const std::vector<std::string>& metrics);

  // The last moment at which the workload was active, or not known to be inactive.
  void NoteActive(WallTime now) { last_active_ = now; }
  WallTime last_active() const { return last_active_; }

  friend bool operator==(const History&, const History&) = default;

 private:
  struct Recommendation {
    int replicas = 0;
    WallTime until;  // the last time that it was made
    friend bool operator==(const Recommendation&, const Recommendation&) = default;
  };
  struct Change {
    int by = 0;  // > 0: added
    WallTime at;
    friend bool operator==(const Change&, const Change&) = default;
  };
  void Forget(WallTime now);

  WallTime began_;
  WallTime last_active_;
  std::vector<Recommendation> recommendations_;  // oldest first
  std::vector<Change> changes_;                  // oldest first
  std::map<std::string, WallTime> missing_since_;
};

}  // namespace sb::scaling
