// cpu or memory of a workload's pods as the HPA controller counts them: which of them have a value,
// which are not ready and which are missing (autoscaling/v2, groupPods of replica_calculator).
//
//   auto values = ResourceValues(pods, *usage, {.resource = "cpu", .percent = true}, now);
//   // {pod="a"} 64, {pod="b", state="unready"} 0, {pod="c", state="missing"} 0
//
// A pod that is being deleted or has failed is left out; a pending one is not ready. A pod without
// a value (or with one of more than five minutes ago) is missing. For cpu, which starting pods use
// a lot of, a pod is not ready either while its condition Ready is not true, and in its first five
// minutes also until its value covers a time in which it was ready only.
// Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/time.h"
#include "operator/prometheus/result.h"

namespace sb::podmetrics {

// By name of a container: cores of cpu, or bytes of memory.
using ByContainer = std::map<std::string, double>;

struct Pod {
  std::string name;
  std::string ip;
  std::string target;  // "api", "worker/default"
  bool ready = false;
  bool pending = false;
  bool gone = false;  // being deleted, or failed
  std::optional<WallTime> started = {};
  std::optional<WallTime> ready_changed = {};        // of its condition Ready; empty: it has none
  std::map<std::string, ByContainer> requests = {};  // by resource; of each container
};

// What metrics.k8s.io says of one pod.
struct Usage {
  WallTime at;  // end of the window
  std::chrono::milliseconds window{0};
  ByContainer containers = {};
};

struct ResourceQuestion {
  std::string resource;   // "cpu", "memory"
  std::string container;  // "": the sum of all
  bool percent = false;   // of what is requested; else cores or bytes
};

// Label `pod` names the pod; label `state` is there when it has no value that counts: "unready" or
// "missing". Nothing without pods. kInvalidArgument: a container requests none of the resource
// (percent), or no pod has the container.
Expected<promql::InstantVector> ResourceValues(const std::vector<Pod>& pods,
                                               const std::map<std::string, Usage>& usage,
                                               const ResourceQuestion& question, WallTime now);

}  // namespace sb::podmetrics
