// A model of the stock HPA controller (kube-controller-manager) for External metrics: what it would
// write at each of its syncs, 15 s apart. Built of the same arithmetic as our decision, with the
// controller's own order and habits (pkg/controller/podautoscaler/horizontal.go):
// - a metric that fails blocks scaling in; all failing: nothing, and nothing is remembered;
// - without `behavior`: up to max(2 x current, 4) a sync, down after the highest recommendation of
//   five minutes;
// - minReplicas at least 1; no activation, no fallback, no schedules.
//
//   StockHpa hpa(policy);
//   int replicas = hpa.Sync(current, readings, now);
#pragma once

#include <vector>

#include "common/time.h"
#include "operator/scaling/decision.h"

namespace sb::simulate {

class StockHpa {
 public:
  static constexpr std::chrono::seconds kSync{15};

  // `has_behavior`: the spec has a `behavior` at all.
  StockHpa(scaling::Policy policy, bool has_behavior)
      : policy_(std::move(policy)),
        has_behavior_(has_behavior),
        history_(scaling::History::Begin({})) {}

  int Sync(const scaling::Situation& situation, WallTime now);

 private:
  // Where the spec gives no window of scaling in, this controller's is longer than ours.
  static scaling::Policy WithItsWindow(scaling::Policy policy) {
    std::chrono::seconds& window = policy.behavior.down.window;
    if (window == scaling::kUnsetDownWindow) window = std::chrono::seconds(300);
    return policy;
  }

  const scaling::Policy policy_;
  const bool has_behavior_;
  scaling::History history_;
};

}  // namespace sb::simulate
