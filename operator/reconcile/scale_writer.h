// Writes a count through the scale subresource of a Deployment: only if the Deployment is still the
// one that was looked at.
//
//   auto written = WriteScale(client, {"shop", "todo-api"}, version, 8);
//   if (!written && written.error().code == ErrorCode::kConflict) …   // read again, decide again
#pragma once

#include <string>

#include "common/error.h"
#include "operator/kube/client.h"

namespace sb::reconcile {

// kConflict: `resource_version` is no longer the Deployment's. kPermissionDenied: the operator's
// role lacks deployments/scale.
Expected<void> WriteScale(const kube::Client& client, const kube::ObjectKey& deployment,
                          const std::string& resource_version, int replicas);

}  // namespace sb::reconcile
