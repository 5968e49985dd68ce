// How fast a count may change: autoscaling/v2 `behavior`.
//
//   Behavior behavior = ParseBehavior(spec.behavior);
//   int steady = Stabilize(behavior, current, wanted, history, now);
//   int next = LimitRate(behavior, current, steady, history, now);
//
// Source of the rules: kubernetes.io/docs/reference/kubernetes-api/workload-resources/
// horizontal-pod-autoscaler-v2 and the controller's stabilizeRecommendationWithBehaviors and
// convertDesiredReplicasWithBehaviorRate. Pure.
#pragma once

#include <chrono>
#include <vector>

#include "common/json.h"
#include "common/time.h"
#include "operator/scaling/history.h"

namespace sb::scaling {

struct RatePolicy {
  enum class Type { kPods, kPercent } type = Type::kPercent;
  int value = 100;
  std::chrono::seconds period{15};
};

enum class SelectPolicy { kMax, kMin, kDisabled };

struct ScalingRules {
  std::chrono::seconds window{0};  // of stabilization
  SelectPolicy select = SelectPolicy::kMax;
  std::vector<RatePolicy> policies;
  double tolerance = 0.1;
};

struct Behavior {
  ScalingRules up;
  ScalingRules down;
};

// The window of scaling in where none is given. The stock controller's is 300 s of samples 15 s
// apart: twenty of them, which reach back 285 s. Ours are two seconds apart, so that 300 s would
// hold on for longer than it does (`simulate --days` shows by how much). A window that is given
// holds to the second.
inline constexpr std::chrono::seconds kUnsetDownWindow{285};

// What an unset behavior, or an unset part of it, means. Up: no window, the greater of +100 % and
// +4 pods per 15 s. Down: kUnsetDownWindow, then anything. The stock controller has one more case:
// with no `behavior` at all a sync may go to max(2 x current, 4) (see simulate/stock_hpa.h). We
// treat that as the defaults of `behavior`, because a limit "per evaluation" is no limit at an
// evaluation every two seconds.
Behavior DefaultBehavior();

// `spec`: the `behavior` of an HPA v2, or null. What it leaves out is the default. Safe on any
// document: what makes no sense counts as unset.
Behavior ParseBehavior(const Json& spec);

// The count closest to `current` that all recommendations of the windows agree on: scaling out
// waits for the lowest of the up window, scaling in for the highest of the down window.
int Stabilize(const Behavior& behavior, int current, int wanted, const History& history,
              WallTime now);

// `wanted` as far as the policies allow to go from `current` now. A policy's share is what is left
// after the changes of its period. Disabled: `current`.
int LimitRate(const Behavior& behavior, int current, int wanted, const History& history,
              WallTime now);

// The longest period of scaleDown's policies. A history that is younger (or younger than the down
// window) cannot tell whether the count may go down.
std::chrono::seconds LongestPeriodDown(const Behavior& behavior);

}  // namespace sb::scaling
