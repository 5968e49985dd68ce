// The workloads of a backend that scale by themselves, each by its target: the name that metrics,
// status and settings have for it, "api" or "worker/<name>".
//
//   ForEachAutoscaled(backend, [&](const std::string& target, const std::string& deployment,
//                                  const Workload& workload) { … *workload.autoscaling … });
#pragma once

#include <string>
#include <string_view>

#include "operator/api/backend.h"
#include "operator/api/names.h"

namespace sb::api {

inline constexpr std::string_view kApiTarget = "api";
inline constexpr std::string_view kWorkerTargetPrefix = "worker/";

inline std::string WorkerTarget(std::string_view worker) {
  return std::string(kWorkerTargetPrefix) + std::string(worker);
}
// The worker's name; "" for the API's target.
inline std::string_view WorkerOf(std::string_view target) {
  return target.starts_with(kWorkerTargetPrefix) ? target.substr(kWorkerTargetPrefix.size())
                                                 : std::string_view();
}

// `backend`: a Backend, const or not. The API first, workers in the order of the spec.
template <typename AnyBackend, typename Visit>
void ForEachAutoscaled(AnyBackend& backend, const Visit& visit) {
  if (backend.api.autoscaling) visit(std::string(kApiTarget), ApiName(backend.name), backend.api);
  for (auto& worker : backend.workers) {
    if (!worker.autoscaling) continue;
    visit(WorkerTarget(worker.name), WorkerName(backend.name, worker.name), worker);
  }
}

}  // namespace sb::api
