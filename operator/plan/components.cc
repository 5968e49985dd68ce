#include "operator/plan/components.h"

#include <algorithm>
#include <utility>

#include "operator/api/names.h"
#include "operator/plan/applied.h"
#include "operator/plan/live_condition.h"

namespace sb::plan {
namespace {

using api::ConditionStatus;

Finding Ready(std::string message) {
  return {ConditionStatus::kTrue, api::reason::kReady, std::move(message), false};
}

Finding Progressing(std::string reason, std::string message) {
  return {ConditionStatus::kUnknown, std::move(reason), std::move(message), false};
}

Finding Faulty(Problem problem) {
  return {ConditionStatus::kFalse, std::move(problem.reason), std::move(problem.message),
          problem.stalled};
}

std::vector<ObjectPtr> PodsWith(const Observed& observed, const Json& labels) {
  std::vector<ObjectPtr> found;
  for (const ObjectPtr& pod : observed.pods) {
    const bool matches =
        std::all_of(labels.items().begin(), labels.items().end(), [&](const auto& label) {
          return StringAt(*pod, {"metadata", "labels", label.key()}) == label.value();
        });
    if (matches) found.push_back(pod);
  }
  return found;
}

std::vector<ObjectPtr> PodsOf(const Observed& observed, const std::string& component) {
  return PodsWith(observed, {{api::kComponentLabel, component}});
}

// What stands in the way of a child as such, before its pods are looked at.
std::optional<Finding> WriteFault(const ChildRef& ref, const Observed& observed) {
  if (auto taken = observed.foreign.find(ref); taken != observed.foreign.end()) {
    return Finding{ConditionStatus::kFalse, api::reason::kNameTaken, taken->second, true};
  }
  if (auto failed = observed.write_errors.find(ref); failed != observed.write_errors.end()) {
    return Finding{ConditionStatus::kFalse, api::reason::kApplyFailed,
                   ref.kind + " " + ref.name + ": " + failed->second, false};
  }
  return std::nullopt;
}

// One pod on one claim: the bundled PostgreSQL and Redis.
Finding StatefulFinding(const ChildRef& ref, const std::string& component, const std::string& claim,
                        const Observed& observed) {
  if (auto fault = WriteFault(ref, observed)) return *fault;
  const Json* live = observed.Find(ref.kind, ref.name);
  if (!live)
    return Progressing(api::reason::kProgressing, "StatefulSet " + ref.name + " is being made");
  if (IntAt(*live, {"status", "readyReplicas"}) >= 1)
    return Ready("StatefulSet " + ref.name + " is ready");
  if (const Json* claimed = observed.Find("PersistentVolumeClaim", claim)) {
    if (auto problem = DiagnoseClaim(*claimed, observed.storage_classes)) return Faulty(*problem);
  }
  if (auto problem = DiagnosePods("StatefulSet " + ref.name, PodsOf(observed, component))) {
    return Faulty(*problem);
  }
  return Progressing(api::reason::kProgressing, "StatefulSet " + ref.name + " is starting");
}

}  // namespace

Finding DatabaseFinding(const api::Backend& backend, const Observed& observed) {
  if (!backend.database.postgres) {
    return {ConditionStatus::kTrue, api::reason::kExternal, "the database is external", false};
  }
  return StatefulFinding({"StatefulSet", api::PostgresName(backend.name)}, api::kPostgresComponent,
                         api::PostgresClaimName(backend.name), observed);
}

Finding CacheFinding(const api::Backend& backend, const Observed& observed) {
  if (!backend.cache.redis) {
    return {ConditionStatus::kTrue, api::reason::kExternal, "the cache is external", false};
  }
  return StatefulFinding({"StatefulSet", api::RedisName(backend.name)}, api::kRedisComponent,
                         api::RedisClaimName(backend.name), observed);
}

Finding MigrationFinding(const api::Backend& backend, const Json& desired_job, bool database_ready,
                         const Observed& observed) {
  if (!backend.migrations) {
    return {ConditionStatus::kTrue, api::reason::kDisabled, "migrations are switched off", false};
  }
  const ChildRef ref{"Job", StringAt(desired_job, {"metadata", "name"})};
  if (auto fault = WriteFault(ref, observed)) return *fault;
  const Json* job = observed.Find(ref.kind, ref.name);
  if (!job) {
    return database_ready
               ? Progressing(api::reason::kMigrationRunning, "Job " + ref.name + " is being made")
               : Progressing(api::reason::kWaitingForDatabase,
                             "Job " + ref.name + " waits for the database");
  }
  if (IsTrue(*job, "Complete")) {
    return {ConditionStatus::kTrue, api::reason::kSucceeded, "Job " + ref.name + " succeeded",
            false};
  }
  auto problem = DiagnosePods("Job " + ref.name,
                              PodsWith(observed, {{api::kComponentLabel, api::kMigrateComponent},
                                                  {"batch.kubernetes.io/job-name", ref.name}}));
  if (IsTrue(*job, "Failed")) {
    const std::string cause =
        problem ? problem->message
                : "Job " + ref.name + ": " + StringAt(*LiveCondition(*job, "Failed"), {"message"});
    return {
        ConditionStatus::kFalse, api::reason::kMigrationFailed,
        cause +
            ". The running version keeps serving. Mend spec.image or spec.migrations and apply, "
            "or delete the Job to run it again",
        true};
  }
  if (problem) return Faulty(*problem);
  return Progressing(api::reason::kMigrationRunning, "Job " + ref.name + " is running");
}

Finding DeploymentFinding(const Child& child, const Json& stamped, bool gated,
                          const Observed& observed) {
  const std::string owner = "Deployment " + child.ref.name;
  if (auto fault = WriteFault(child.ref, observed)) return *fault;
  const Json* live = observed.Find(child.ref.kind, child.ref.name);
  if (!live) {
    return gated
               ? Progressing(api::reason::kWaitingForMigration, owner + " waits for the migration")
               : Progressing(api::reason::kProgressing, owner + " is being made");
  }
  const auto count = [&](const char* field) { return IntAt(*live, {"status", field}); };
  const bool seen = count("observedGeneration") >= IntAt(*live, {"metadata", "generation"});
  const bool rolled_out = seen && count("updatedReplicas") == count("replicas");
  const auto fewest =
      std::min<long long>(child.workload->FewestReplicas(), IntAt(*live, {"spec", "replicas"}, 1));
  if (rolled_out && count("availableReplicas") >= fewest) {
    // Behind a gate the old version serves on; the gate's own condition says why.
    if (gated || IsCurrent(stamped, *live)) return Ready(owner + " is available");
  }
  const Json* labels = Find(child.object, {"spec", "selector", "matchLabels"});
  if (auto problem = DiagnosePods(owner, PodsWith(observed, labels ? *labels : Json::object()))) {
    return Faulty(*problem);
  }
  if (const Json* progress = LiveCondition(*live, "Progressing");
      progress && StringAt(*progress, {"reason"}) == "ProgressDeadlineExceeded") {
    return {ConditionStatus::kFalse, api::reason::kContainerFailing,
            owner +
                ": new pods do not become ready; see their readiness probe and logs. Old pods keep "
                "serving",
            true};
  }
  return Progressing(api::reason::kProgressing, owner + " is rolling out");
}

Finding Worst(const std::vector<Finding>& findings, const Finding& none) {
  const auto rank = [](const Finding& finding) {
    if (finding.stalled) return 3;
    if (finding.status == ConditionStatus::kFalse) return 2;
    return finding.status == ConditionStatus::kUnknown ? 1 : 0;
  };
  auto worst =
      std::max_element(findings.begin(), findings.end(),
                       [&](const Finding& a, const Finding& b) { return rank(a) < rank(b); });
  return worst == findings.end() ? none : *worst;
}

}  // namespace sb::plan
