#include "operator/plan/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "operator/api/connections.h"
#include "operator/api/names.h"
#include "operator/api/parse.h"
#include "operator/plan/applied.h"
#include "operator/plan/children.h"
#include "operator/plan/components.h"
#include "operator/plan/engine.h"
#include "operator/plan/replicas.h"
#include "operator/plan/scaling_condition.h"
#include "operator/plan/status.h"
#include "operator/plan/storage.h"
#include "operator/resources/credentials.h"

namespace sb::plan {
namespace {

using api::ConditionStatus;

// A name held by somebody else is watched by nobody here: look whether it has become free.
constexpr std::chrono::seconds kForeignRetry{30};

Json OldStatus(const Json& resource) {
  const Json* status = Find(resource, {"status"});
  return status ? *status : Json::object();
}

// Nothing is touched: what runs keeps running.
Plan Standstill(const Json& resource, const api::Condition& why, bool stalled, WallTime now) {
  const auto generation = IntAt(resource, {"metadata", "generation"});
  std::vector<api::Condition> conditions = {why};
  conditions.push_back(
      {api::condition::kReady, ConditionStatus::kFalse, why.reason, why.message, generation});
  if (stalled) {
    conditions.push_back(
        {api::condition::kStalled, ConditionStatus::kTrue, why.reason, why.message, generation});
  }
  for (api::Condition& condition : conditions) condition.observed_generation = generation;
  Plan plan;
  const Json old = OldStatus(resource);
  plan.status = WithConditions(old, generation, conditions, now);
  plan.events = EventsFor(old, plan.status);
  return plan;
}

bool IsGoing(const Json& object) {
  return Find(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

// A child of an earlier resource of the same name, that the garbage collector has not reached yet.
bool IsLeftover(const Json& object, const api::Backend& backend) {
  const Json* owners = Find(object, {"metadata", "ownerReferences"});
  if (!owners || !owners->is_array() || owners->empty()) return false;
  return std::none_of(owners->begin(), owners->end(),
                      [&](const Json& owner) { return StringAt(owner, {"uid"}) == backend.uid; });
}

class Planner {
 public:
  Planner(const api::Backend& backend, const Observed& observed, Json old_status, WallTime now)
      : backend_(WithEngines(backend, observed, now)),
        observed_(observed),
        old_status_(std::move(old_status)),
        now_(now),
        desired_(DesiredChildren(backend_)) {}

  Plan Make() {
    PlanCredentials();
    const Finding database = DatabaseFinding(backend_, observed_);
    const Finding cache = CacheFinding(backend_, observed_);
    const Finding migration = PlanMigration(database);
    Finding api;
    std::vector<Finding> workers;
    for (const Child& child : desired_) {
      if (child.gate == Gate::kDatabase) continue;  // the migration, planned above
      if (child.gate == Gate::kMigration) {
        const Finding finding = PlanDeployment(child, !migration.ready());
        if (child.workload == &backend_.api) {
          api = finding;
        } else {
          workers.push_back(finding);
        }
        continue;
      }
      if (child.gate == Gate::kWorkload && !made_.contains({"Deployment", child.ref.name}))
        continue;
      PlanApply(child);
    }
    for (Action& action : GrowClaims(backend_, observed_))
      plan_.actions.push_back(std::move(action));
    PlanRemovals();

    Findings findings = {{api::condition::kDatabaseReady, database},
                         {api::condition::kCacheReady, cache},
                         {api::condition::kMigrationSucceeded, migration},
                         {api::condition::kApiReady, api}};
    if (!workers.empty()) {
      findings.emplace_back(api::condition::kWorkersReady, Worst(workers, {}));
    }
    if (auto scaling = ScalingCondition(backend_, observed_, now_)) {
      findings.emplace_back(api::condition::kScalingActive, scaling->finding);
      plan_.requeue_after = scaling->look_again;
    }
    LookAtSchedules();
    AddChildFaults(findings);
    if (!observed_.foreign.empty()) LookAgainIn(kForeignRetry);
    plan_.status = MakeStatus(old_status_, backend_, desired_,
                              Conditions(findings, backend_.generation), observed_, now_);
    plan_.events = EventsFor(old_status_, plan_.status);
    return std::move(plan_);
  }

 private:
  void LookAgainIn(Duration delay) {
    plan_.requeue_after = std::min(plan_.requeue_after.value_or(delay), delay);
  }

  // Schedules open and close at whole minutes, and change the bounds of an HPA then.
  void LookAtSchedules() {
    const auto scheduled = [](const api::Workload& workload) {
      return workload.autoscaling && workload.autoscaling->engine == api::Engine::kHpa &&
             !workload.autoscaling->schedules.empty();
    };
    if (!scheduled(backend_.api) &&
        std::none_of(backend_.workers.begin(), backend_.workers.end(), scheduled)) {
      return;
    }
    const auto minute = std::chrono::floor<std::chrono::minutes>(now_) + std::chrono::minutes(1);
    LookAgainIn(std::chrono::duration_cast<Duration>(minute - now_) +
                std::chrono::milliseconds(50));
  }

  bool IsForeign(const ChildRef& ref) const { return observed_.foreign.contains(ref); }

  // Credentials are made once. A second set would lock everybody out of the data that the first one
  // guards, so they are created, never applied: if the cache is behind, the server refuses.
  void PlanCredentials() {
    const ChildRef ref{"Secret", api::CredentialsName(backend_.name)};
    if (IsForeign(ref) || observed_.Find(ref.kind, ref.name)) return;
    plan_.actions.push_back({Verb::kCreate, ref,
                             resources::CredentialsSecret(backend_, observed_.entropy),
                             api::kFieldManager, ""});
  }

  Finding PlanMigration(const Finding& database) {
    auto job = std::find_if(desired_.begin(), desired_.end(),
                            [](const Child& child) { return child.gate == Gate::kDatabase; });
    if (job == desired_.end()) return MigrationFinding(backend_, {}, database.ready(), observed_);
    const Json* live = observed_.Find("Job", job->ref.name);
    if (live && IsLeftover(*live, backend_)) {
      // It may have migrated a database that is gone.
      plan_.actions.push_back(
          {Verb::kDelete, job->ref, {}, "", StringAt(*live, {"metadata", "uid"})});
      return {ConditionStatus::kUnknown, api::reason::kMigrationRunning,
              "Job " + job->ref.name + " of an earlier resource is being removed", false};
    }
    // A Job is never changed (its pods cannot be), so what exists is left alone.
    if (!live && database.ready()) PlanApply(*job);
    return MigrationFinding(backend_, job->object, database.ready(), observed_);
  }

  Finding PlanDeployment(Child child, bool gated) {
    const Json* live = observed_.Find(child.ref.kind, child.ref.name);
    child.object = KeepCount(child, live);
    const Json* autoscaler = observed_.Find("HorizontalPodAutoscaler", child.ref.name);
    if (!gated && !IsForeign(child.ref) && !(live && IsGoing(*live))) {
      for (Action& action : ApplyDeployment(child, live, autoscaler)) {
        plan_.actions.push_back(std::move(action));
      }
    }
    if (live || !gated) made_.insert(child.ref);
    return DeploymentFinding(child, Stamp(child.object), gated, observed_);
  }

  void PlanApply(const Child& child) {
    if (IsForeign(child.ref)) return;
    const Json* live = observed_.Find(child.ref.kind, child.ref.name);
    if (live && IsGoing(*live)) return;
    Json object = child.object;
    if (live && child.ref.kind == "StatefulSet")
      object = KeepClaimTemplates(std::move(object), *live);
    plan_.actions.push_back(
        {Verb::kApply, child.ref, Stamp(std::move(object)), api::kFieldManager, ""});
  }

  void PlanRemovals() {
    std::set<ChildRef> wanted;
    for (const Child& child : desired_) wanted.insert(child.ref);
    for (const auto& [ref, object] : observed_.children) {
      if (wanted.contains(ref) || !IsPrunable(ref.kind) || IsGoing(*object)) continue;
      plan_.actions.push_back({Verb::kDelete, ref, {}, "", StringAt(*object, {"metadata", "uid"})});
    }
  }

  // Faults of children that no component's condition speaks for (Services, budgets, autoscalers,
  // the Secret).
  void AddChildFaults(Findings& findings) const {
    std::vector<Finding> faults;
    for (const auto& [ref, why] : observed_.foreign) {
      faults.push_back({ConditionStatus::kFalse, api::reason::kNameTaken, why, true});
    }
    for (const auto& [ref, error] : observed_.write_errors) {
      faults.push_back({ConditionStatus::kFalse, api::reason::kApplyFailed,
                        ref.kind + " " + ref.name + ": " + error, false});
    }
    const std::string credentials = api::CredentialsName(backend_.name);
    if (const Json* secret = observed_.Find("Secret", credentials)) {
      if (const std::string missing = resources::MissingCredentials(*secret); !missing.empty()) {
        faults.push_back({ConditionStatus::kFalse, api::reason::kCredentialsMissing,
                          "Secret " + credentials + " lacks " + missing +
                              "; add it, or delete the Secret if there is no data behind it",
                          true});
      }
    }
    if (auto text = ClaimsTooLarge(backend_, observed_); !text.empty()) {
      faults.push_back(
          {ConditionStatus::kFalse, api::reason::kStorageResizeUnsupported, std::move(text), true});
    }
    if (faults.empty()) return;
    const Finding worst = Worst(faults, {});
    for (auto& [type, finding] : findings) {
      if (type == api::condition::kApiReady && finding.status != ConditionStatus::kFalse)
        finding = worst;
    }
  }

  const api::Backend backend_;  // with engines decided
  const Observed& observed_;
  const Json old_status_;
  const WallTime now_;
  const std::vector<Child> desired_;
  std::set<ChildRef> made_;  // Deployments that exist or are made by this plan
  Plan plan_;
};

}  // namespace

Plan MakePlan(const Json& resource, const api::OperatorDefaults& defaults, const Observed& observed,
              WallTime now) {
  auto backend = api::Parse(resource, defaults);
  if (!backend) {
    return Standstill(resource,
                      {api::condition::kApiReady, ConditionStatus::kUnknown,
                       api::reason::kInvalidSpec, backend.error().message, 0},
                      true, now);
  }
  if (backend->deleting) {
    // The garbage collector removes what has an owner reference; the rest is meant to stay.
    Plan plan;
    plan.status = OldStatus(resource);
    return plan;
  }
  if (backend->paused) {
    return Standstill(resource,
                      {api::condition::kPaused, ConditionStatus::kTrue, api::reason::kPaused,
                       "spec.paused is true: nothing is changed until it is false", 0},
                      false, now);
  }
  return Planner(*backend, observed, OldStatus(resource), now).Make();
}

}  // namespace sb::plan
