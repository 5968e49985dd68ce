// How one workload is scaled, ready to decide with: what the spec says, parsed once, so that a
// decision reads no files and no text.
//
//   Policy policy = MakePolicy(*backend.api.autoscaling);
//
// A plain value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "operator/api/backend.h"
#include "operator/scaling/behavior.h"
#include "operator/scaling/schedule.h"

namespace sb::scaling {

struct MetricPolicy {
  std::string name;
  api::TargetType type = api::TargetType::kAverageValue;
  double target = 1;      // > 0; kAverageUtilization: percent
  double activation = 0;  // a value above it makes the workload active
  // Prometheus has its past, and it says how many pods that asked for.
  bool recorded = false;
  // The evidence is a value of each pod, not one of all (Resource).
  bool per_pod = false;
};

struct Policy {
  int min_replicas = 1;  // 0: to zero while inactive
  int max_replicas = 1;
  std::vector<MetricPolicy> metrics;
  Behavior behavior = DefaultBehavior();
  std::optional<api::Fallback> fallback;
  std::vector<Schedule> schedules;
  std::optional<api::Anticipation> anticipation;
  std::chrono::seconds cooldown{300};        // inactive for so long before zero
  std::chrono::seconds initial_cooldown{0};  // after creation, before the first zero
  bool paused = false;
};

Policy MakePolicy(const api::Autoscaling& autoscaling);

}  // namespace sb::scaling
