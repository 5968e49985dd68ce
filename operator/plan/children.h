// Which children a backend should have, and in which order and under which gate they are made.
#pragma once

#include <vector>

#include "operator/api/backend.h"
#include "operator/plan/observed.h"

namespace sb::plan {

// What has to be true before a child may change.
enum class Gate {
  kNone,
  kDatabase,   // the database answers (the migration Job)
  kMigration,  // the schema is the one that this version needs (pods of API and workers)
  kWorkload,   // the Deployment that it scales exists or is made now (autoscalers)
};

struct Child {
  ChildRef ref;
  Json object;
  Gate gate = Gate::kNone;
  const api::Workload* workload = nullptr;  // of a Deployment or autoscaler; lives in the Backend
};

// In the order in which they are applied: what others wait for comes first. Credentials are not
// among them, since they are created and never applied.
std::vector<Child> DesiredChildren(const api::Backend& backend);

// Kinds that the plan deletes when they are no longer desired. Claims and credentials never are:
// data outlives a change of the spec.
bool IsPrunable(const std::string& kind);

}  // namespace sb::plan
