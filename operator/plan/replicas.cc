#include "operator/plan/replicas.h"

#include <algorithm>
#include <utility>

#include "operator/api/names.h"
#include "operator/plan/applied.h"
#include "operator/resources/deployments.h"

namespace sb::plan {
namespace {

int LiveReplicas(const Json& live) {
  return static_cast<int>(IntAt(live, {"spec", "replicas"}, 1));
}

Action Apply(const ChildRef& ref, Json object) {
  return {Verb::kApply, ref, Stamp(std::move(object)), api::kFieldManager, ""};
}

// The count that a new Deployment starts with: what its autoscaler last wanted, if it had one
// before.
int StartingReplicas(const api::Autoscaling& autoscaling, const Json* autoscaler) {
  const int wanted =
      autoscaler ? static_cast<int>(IntAt(*autoscaler, {"status", "desiredReplicas"})) : 0;
  return std::clamp(wanted, autoscaling.min_replicas, autoscaling.max_replicas);
}

Json HandOver(const Child& child, const Json& live) {
  return {{"apiVersion", child.object.at("apiVersion")},
          {"kind", child.ref.kind},
          {"metadata",
           {{"name", child.ref.name}, {"namespace", StringAt(live, {"metadata", "namespace"})}}},
          {"spec", {{"replicas", LiveReplicas(live)}}}};
}

}  // namespace

ReplicasOwners OwnersOfReplicas(const Json& live) {
  ReplicasOwners owners;
  const Json* entries = Find(live, {"metadata", "managedFields"});
  if (!entries || !entries->is_array()) return owners;
  for (const Json& entry : *entries) {
    if (!Find(entry, {"fieldsV1", "f:spec", "f:replicas"})) continue;
    const bool ours = StringAt(entry, {"manager"}) == api::kFieldManager &&
                      StringAt(entry, {"operation"}) == "Apply";
    (ours ? owners.ours : owners.others) = true;
  }
  return owners;
}

bool AutoscalerOwnsReplicas(const Json& live) {
  const Json* entries = Find(live, {"metadata", "managedFields"});
  if (!entries || !entries->is_array()) return false;
  return std::any_of(entries->begin(), entries->end(), [](const Json& entry) {
    const std::string manager = StringAt(entry, {"manager"});
    return Find(entry, {"fieldsV1", "f:spec", "f:replicas"}) &&
           (manager == api::kHandoverFieldManager || manager == api::kScaleFieldManager ||
            manager == api::kHpaFieldManager);
  });
}

Json KeepCount(const Child& child, const Json* live) {
  const bool keep = live && !child.workload->autoscaling && !child.workload->replicas_given &&
                    AutoscalerOwnsReplicas(*live);
  return keep ? resources::WithReplicas(child.object, LiveReplicas(*live)) : child.object;
}

std::vector<Action> ApplyDeployment(const Child& child, const Json* live, const Json* autoscaler) {
  const auto& autoscaling = child.workload->autoscaling;
  if (!autoscaling) {
    return {Apply(child.ref, child.object)};
  }
  if (!live) {
    return {Apply(child.ref, resources::WithReplicas(child.object,
                                                     StartingReplicas(*autoscaling, autoscaler)))};
  }
  std::vector<Action> actions;
  const ReplicasOwners owners = OwnersOfReplicas(*live);
  if (owners.ours && !owners.others) {
    actions.push_back(
        {Verb::kApply, child.ref, HandOver(child, *live), api::kHandoverFieldManager, ""});
  }
  actions.push_back(Apply(child.ref, child.object));
  return actions;
}

}  // namespace sb::plan
