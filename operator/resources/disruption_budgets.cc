#include "operator/resources/disruption_budgets.h"

#include <string>
#include <utility>

#include "operator/api/names.h"
#include "operator/resources/metadata.h"

namespace sb::resources {
namespace {

std::optional<Json> Budget(const api::Backend& backend, const api::Workload& workload,
                           std::string name, const char* component, const std::string& worker) {
  if (workload.FewestReplicas() < 2) return std::nullopt;
  return Json{{"apiVersion", "policy/v1"},
              {"kind", "PodDisruptionBudget"},
              {"metadata", ChildMetadata(backend, std::move(name), component, worker)},
              {"spec",
               {{"maxUnavailable", 1},
                {"selector", {{"matchLabels", SelectorLabels(backend, component, worker)}}},
                // A pod that is broken anyway must not hold up a drain.
                {"unhealthyPodEvictionPolicy", "AlwaysAllow"}}}};
}

}  // namespace

std::optional<Json> ApiPodDisruptionBudget(const api::Backend& backend) {
  return Budget(backend, backend.api, api::ApiName(backend.name), api::kApiComponent, "");
}

std::optional<Json> WorkerPodDisruptionBudget(const api::Backend& backend,
                                              const api::Worker& worker) {
  return Budget(backend, worker, api::WorkerName(backend.name, worker.name), api::kWorkerComponent,
                worker.name);
}

}  // namespace sb::resources
