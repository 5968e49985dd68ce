// HorizontalPodAutoscalers: a metric of type Prometheus, Queue or Requests becomes an External
// metric that our metrics API serves, found by its name and the labels of the backend; Resource
// metrics pass through. Empty when the workload is not autoscaled, is paused (the count stays), or
// has the engine Direct.
#pragma once

#include <optional>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

std::optional<Json> ApiHorizontalPodAutoscaler(const api::Backend& backend);
std::optional<Json> WorkerHorizontalPodAutoscaler(const api::Backend& backend,
                                                  const api::Worker& worker);

}  // namespace sb::resources
