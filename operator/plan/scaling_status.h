// status.autoscaling: why each count is what it is, in one sentence.
//
// It changes when a count, an engine or the rule behind a count changes, and at no other time:
// value and age are those of the evidence at that change (the present ones are in the operator's
// metrics). So a settled backend is not written.
#pragma once

#include "operator/api/backend.h"
#include "operator/plan/observed.h"

namespace sb::plan {

// null if no workload is autoscaled. `old_status` as read; what it says of a workload is kept while
// nothing of the above has changed, over restarts of the operator too.
Json ScalingStatus(const Json& old_status, const api::Backend& backend, const Observed& observed);

// What `status` says of a target ("api", "worker/default"), or null.
const Json* ScalingEntry(const Json& status, std::string_view target);

}  // namespace sb::plan
