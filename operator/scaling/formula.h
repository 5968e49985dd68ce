// How many pods one metric asks for: the arithmetic of autoscaling/v2 (replica_calculator).
//
//   ForTotal({.type = kAverageValue, .target = 500}, {.value = 1730}, ...)   // 4 pods
//
// ratio = value / target. A ratio within the tolerance keeps the count; beyond it the count follows
// the ratio, rounded up. One rule is ours: a ratio above 1 never lowers the count and one below 1
// never raises it. The stock controller multiplies by the *ready* pods, and so answers overload
// during a roll-out with fewer pods (compare kubernetes#138505). Pure.
#pragma once

#include <vector>

#include "operator/api/backend.h"
#include "operator/scaling/sample.h"

namespace sb::scaling {

struct Tolerance {
  double up = 0.1;    // this far above 1 nothing changes
  double down = 0.1;  // this far below 1 likewise
};

struct Proposal {
  int replicas = 0;
  double ratio = 0;  // of the value to its target, per pod; 0 when there is no pod to divide by
  bool tolerated = false;  // the ratio is within the tolerance
};

struct Counts {
  int current = 0;  // spec.replicas: never status.replicas, which counts surge pods
  int ready = 0;
};

// For a value of the workload as a whole. kAverageValue: value / (target x current), then
// ceil(value / target). kValue: value / target, then ceil(ratio x ready); from zero ceil(ratio),
// and the count stays while no pod is ready.
Proposal ForTotal(api::TargetType type, double target, double value, Counts counts,
                  Tolerance tolerance);

// For values of single pods. Scaling in counts a pod without a value at its target (at 100 % if the
// target is a lower utilization); scaling out counts it, and one that is not ready, as idle; if
// that turns the direction, the count stays. At least one ready pod has to have a value, else the
// count stays. Percentages are whole numbers, rounded down, as the HPA has them.
Proposal ForPods(api::TargetType type, double target, const std::vector<PodValue>& pods,
                 int current, Tolerance tolerance);

}  // namespace sb::scaling
