// Runs a day again: the recorded metrics on one side, the decision code of the operator (or the
// model of the stock controller) on the other, pods that take a while to start in between.
//
//   Course run = Replay(policy, series, {.engine = Engine::kDirect});
//   run.score.replica_hours;
//
// The metrics are taken as given: how many pods there are does not change them. Pure.
#pragma once

#include <chrono>
#include <vector>

#include "operator/scaling/policy.h"
#include "operator/simulate/series.h"

namespace sb::simulate {

enum class Engine { kDirect, kStockHpa };

struct ReplayOptions {
  Engine engine = Engine::kDirect;
  bool has_behavior = false;          // kStockHpa: the spec has a `behavior`
  std::chrono::seconds start_up{10};  // from a count that was raised to pods that serve
  int replicas = 0;                   // at the start; 0: minReplicas, at least 1
  // What the metrics were on the days before, in the order of policy.metrics, or nothing: what
  // anticipation (kDirect) is made of, together with the series itself.
  std::vector<Series> past = {};
};

struct Moment {
  WallTime at;
  std::optional<double> value;  // of the first metric
  int replicas = 0;
  int ready = 0;
  double needed = 0;  // pods that the metrics asked for, exactly; 0 without evidence
};

struct Score {
  double replica_hours = 0;
  // Time in which the ready pods had more than their target and its tolerance.
  double under_minutes = 0;
  int changes = 0;
  // Changes of direction within ten minutes: pods started for nothing, or stopped too soon.
  int flaps = 0;
  int most = 0;
};

struct Course {
  std::vector<Moment> moments;  // one each 15 s
  Score score;
};

// `series` has one entry for each of policy.metrics.
Course Replay(const scaling::Policy& policy, const std::vector<Series>& series,
              const ReplayOptions& options);

}  // namespace sb::simulate
