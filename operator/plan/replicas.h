// Who owns spec.replicas of a Deployment, and how it changes hands.
//
// Server-side apply resets a field when its only owner stops applying it: a controller that just
// drops spec.replicas when autoscaling is on takes the service down to one pod. So ownership moves
// in steps, at the live value:
//   1. created with replicas, owned by our manager (so that the first pods do not wait for the
//   autoscaler);
//   2. the hand-over manager applies the live count: now two own it;
//   3. our manager applies the object without replicas: the hand-over manager alone owns it;
//   4. the autoscaler (the HPA controller, or our own loop of the Direct engine) writes through
//   /scale and owns it from then on. A change of engine is therefore no change of the count.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operator/api/backend.h"
#include "operator/plan/children.h"
#include "operator/plan/plan.h"

namespace sb::plan {

// Who owns spec.replicas according to metadata.managedFields.
struct ReplicasOwners {
  bool ours = false;
  bool others = false;
};
ReplicasOwners OwnersOfReplicas(const Json& live);

// Whether an autoscaler, or the hand-over to one, owns spec.replicas. It still does after
// autoscaling was switched off, for as long as nobody sets another count: then the live count is
// applied rather than the default, so that switching off moves nothing. (Server-side apply of an
// equal value makes a second owner and leaves the first.)
bool AutoscalerOwnsReplicas(const Json& live);

// The object of `child` with the live count in that case, else as it is.
Json KeepCount(const Child& child, const Json* live);

// The actions that bring one Deployment to `child`, ownership of replicas included: one or two
// applies. `live` is null if it does not exist; `autoscaler` is its live HPA or null.
std::vector<Action> ApplyDeployment(const Child& child, const Json* live, const Json* autoscaler);

}  // namespace sb::plan
