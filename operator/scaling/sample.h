// What is known of one metric at one moment: evidence, not just a number. Only fresh evidence may
// move replicas, and an empty answer is not zero.
//
//   Sample sample = Evaluate(client.Query(url, query), clock.WallNow());
//   if (sample.evidence == Evidence::kFresh) Scale(sample.value);
//
// Pure.
#pragma once

#include <chrono>
#include <compare>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/time.h"
#include "operator/prometheus/result.h"

namespace sb::scaling {

enum class Evidence {
  kFresh,   // one finite number that is not negative, asked for recently
  kStale,   // such a number, but too old to act on
  kEmpty,   // the query matched nothing: unknown, not zero
  kFailed,  // no answer, or one that is no single number
};

// "fresh", "stale", "empty", "failed": for metric labels and logs.
const char* ToString(Evidence evidence);

// What is known of one pod. Pods that are being deleted or have failed are left out.
struct PodValue {
  bool known = false;  // there is a value of it
  bool ready = true;   // false: it has no say whatever it uses
  double value = 0;    // kAverageUtilization: percent of the request

  friend bool operator==(const PodValue&, const PodValue&) = default;
};

struct Sample {
  Evidence evidence = Evidence::kFailed;
  double value = 0;  // kFresh and kStale; otherwise 0
  WallTime at = {};  // when the value held, by Prometheus' clock; else when asked
  ErrorCode code = ErrorCode::kInternal;  // kFailed: what kind of failure
  std::string error = {};                 // all but kFresh: what is wrong and what to do
  std::vector<PodValue> pods = {};        // EvaluatePods: each; `value` is then their average

  friend bool operator==(const Sample&, const Sample&) = default;
};

// The answer's own time may lie this far back (caching proxies, clocks that differ).
inline constexpr std::chrono::minutes kMaxAnswerAge{5};
// A quantity counts thousandths in 64 bits.
inline constexpr double kMaxValue = 9.2e15;

// What an answer of Prometheus is worth. Several series, NaN, infinite, negative and too large
// values are kFailed: guessing at what the author meant is how an outage becomes a scale-in.
Sample Evaluate(const Expected<promql::InstantVector>& answer, WallTime now);

// The same for an answer with a series of each pod (podmetrics/resource_values.h): fresh if at
// least one of them counts.
Sample EvaluatePods(const Expected<promql::InstantVector>& answer, WallTime now);

// Whether two samples tell people the same: the same evidence and, in the same words, the same
// error. Numbers inside an error and what a server quotes after a brace do not count.
bool SameEvidence(const Sample& a, const Sample& b);

// A ScalableBackend.
struct BackendKey {
  std::string namespace_name;
  std::string name;
  friend auto operator<=>(const BackendKey&, const BackendKey&) = default;
};

// One metric of one workload of a backend. `target`: "api", or "worker/" and the worker's name.
struct MetricId {
  BackendKey backend;
  std::string target;
  std::string metric;
  friend auto operator<=>(const MetricId&, const MetricId&) = default;
};

}  // namespace sb::scaling
