// PodDisruptionBudgets: only where two pods are always there, else a drain would wait for ever.
#pragma once

#include <optional>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

std::optional<Json> ApiPodDisruptionBudget(const api::Backend& backend);
std::optional<Json> WorkerPodDisruptionBudget(const api::Backend& backend,
                                              const api::Worker& worker);

}  // namespace sb::resources
