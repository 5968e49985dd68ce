// Deployments of the API and of the workers.
//
// `spec.replicas` is left out when the workload is autoscaled: whoever applies it would fight the
// autoscaler. The plan adds it with WithReplicas where it has to (creation, hand-over). Otherwise
// it is the fixed count of the spec.
#pragma once

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

Json ApiDeployment(const api::Backend& backend);
Json WorkerDeployment(const api::Backend& backend, const api::Worker& worker);

// `object` with spec.replicas = replicas.
Json WithReplicas(Json object, int replicas);

}  // namespace sb::resources
