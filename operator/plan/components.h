// The condition of each component, from what is observed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operator/api/backend.h"
#include "operator/api/conditions.h"
#include "operator/plan/children.h"
#include "operator/plan/observed.h"

namespace sb::plan {

// What a component came to: True is ready; False or Unknown says why not.
struct Finding {
  api::ConditionStatus status = api::ConditionStatus::kUnknown;
  std::string reason;
  std::string message;
  bool stalled = false;  // only the user can help

  bool ready() const { return status == api::ConditionStatus::kTrue; }
};

// `component` as in api/names.h. Waits for a first ready pod; names the claim or the pod that is in
// the way.
Finding DatabaseFinding(const api::Backend& backend, const Observed& observed);
Finding CacheFinding(const api::Backend& backend, const Observed& observed);

// Whether the schema is the one that this version needs. True too when migrations are switched off.
Finding MigrationFinding(const api::Backend& backend, const Json& desired_job, bool database_ready,
                         const Observed& observed);

// Whether the Deployment runs this version with at least the fewest pods it may have. `stamped`:
// the object as it is to be applied; `gated`: it may not be applied yet.
Finding DeploymentFinding(const Child& child, const Json& stamped, bool gated,
                          const Observed& observed);

// The worst of several, for one condition; `none` if there are none.
Finding Worst(const std::vector<Finding>& findings, const Finding& none);

}  // namespace sb::plan
