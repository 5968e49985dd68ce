// The decision: how many pods a workload should have now, and in one sentence why. The one brain
// behind the Direct engine, the fallback of the HPA engine and the simulator.
//
//   auto [decision, history] = Decide(policy, situation, std::move(history), now);
//   if (decision.replicas != situation.current) WriteScale(decision.replicas);
//
// In this order:
//   1. paused, or switched off by hand (0 pods although minReplicas is more): nothing changes.
//   2. Each metric with fresh evidence proposes a count (formula.h). One without has no say, until
//      it has been without for fallback.after: then it proposes the fallback's count.
//   3. The greatest proposal counts. If any metric has no say, scaling in is blocked; if none has
//      one, the count stays.
//   4. minReplicas 0: the workload goes to zero once every metric has been fresh and at or below
//   its
//      activation for `cooldown`; the window of stabilization does not come on top, the policies of
//      scaleDown do apply. From zero it needs one metric above its activation.
//   5. Stabilization windows, then the policies of `behavior` (behavior.h).
//   6. Bounds: minReplicas, maxReplicas, schedules.
//   7. Anticipation (anticipation.h) may raise what has come of all that, up to the ceiling.
// Evidence that is stale, empty, failed, NaN, negative or several series (sample.h) is never taken
// for a number.
//
// Properties (decision_property_test.cc): never outside the bounds; monotone in each metric; no
// scale-in within the window after a higher recommendation; a lost history only delays scaling in.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "operator/scaling/anticipation.h"
#include "operator/scaling/formula.h"
#include "operator/scaling/history.h"
#include "operator/scaling/policy.h"
#include "operator/scaling/sample.h"

namespace sb::scaling {

// What has set the count. Closed: a metric label, a field of the status.
enum class Rule {
  kMetric,       // a metric asks for it
  kTolerance,    // the metric is close enough to its target
  kMinReplicas,  // bounds of the spec
  kMaxReplicas,
  kScheduleFloor,  // bounds of an open schedule
  kScheduleCeiling,
  kAnticipation,   // more than the metrics ask for yet, because of former days
  kScaleUpWindow,  // behavior: stabilization
  kScaleDownWindow,
  kScaleUpPolicy,  // behavior: policies and selectPolicy
  kScaleDownPolicy,
  kNoEvidence,       // no metric has evidence
  kPartialEvidence,  // some have none, so the count may not go down
  kFallback,
  kActivation,  // up from zero
  kInactive,    // zero, or on the way there
  kCooldown,    // inactive, but not for long enough
  kInitialCooldown,
  kPaused,
  kSwitchedOff,  // somebody set 0 by hand
  kJustStarted,  // the history is too young to know whether the count may go down
};
// "Metric", "ScaleDownWindow", …
const char* ToString(Rule rule);

// What is known of one metric, in the order of Policy::metrics.
struct Reading {
  Sample sample;
  std::vector<PodValue> pods = {};  // MetricPolicy::per_pod: a value of each pod; then `sample`
                                    // says whether that is evidence, and its value is the average
};

struct Situation {
  int current = 0;  // spec.replicas
  int ready = 0;
  std::vector<Reading> readings;
  bool zero_is_ours = false;  // that there are no pods is a decision of ours
  WallTime created = {};      // of the workload
  std::optional<Anticipated> anticipated = {};
};

struct Decision {
  int replicas = 0;
  Rule rule = Rule::kMetric;
  std::string reason;  // one sentence, without a full stop
  // The metric that the count is about; empty if it is about none.
  std::string metric = {};
  double value = 0;
  double target = 0;
  std::chrono::seconds evidence_age{0};
};

struct Outcome {
  Decision decision;
  History history;
};

// `situation.readings` has one entry for each of policy.metrics.
Outcome Decide(const Policy& policy, const Situation& situation, History history, WallTime now);

// The count that a fallback stands for. Pure.
int FallbackReplicas(const api::Fallback& fallback, int current);

}  // namespace sb::scaling
