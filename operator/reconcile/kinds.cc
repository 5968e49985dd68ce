#include "operator/reconcile/kinds.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "operator/api/names.h"

namespace sb::reconcile {

const kube::Resource& Backends() {
  static const kube::Resource resource{api::kGroup, api::kVersion, api::kPlural, api::kKind};
  return resource;
}

const std::vector<Kind>& ChildKinds() {
  static const std::vector<Kind> kinds = {
      {kube::Deployments(), KeepReplicasOwners},
      {kube::StatefulSets(), kube::DropNoise},
      {kube::Services(), kube::DropNoise},
      {kube::Secrets(), KeepSecretKeys},
      {kube::PersistentVolumeClaims(), kube::DropNoise},
      {kube::Jobs(), kube::DropNoise},
      {kube::PodDisruptionBudgets(), kube::DropNoise},
      {kube::HorizontalPodAutoscalers(), kube::DropNoise},
      {kube::Pods(), KeepPodStatus},
  };
  return kinds;
}

const kube::Resource& ResourceOf(const std::string& kind) {
  const auto& kinds = ChildKinds();
  auto found = std::find_if(kinds.begin(), kinds.end(),
                            [&](const Kind& each) { return each.resource.kind == kind; });
  if (found == kinds.end())
    throw std::logic_error("the plan names a kind that nobody watches: " + kind);
  return found->resource;
}

void KeepReplicasOwners(Json& object) {
  Json owners = Json::array();
  const Json* entries = Find(object, {"metadata", "managedFields"});
  if (entries && entries->is_array()) {
    for (const Json& entry : *entries) {
      if (!Find(entry, {"fieldsV1", "f:spec", "f:replicas"})) continue;
      owners.push_back({{"manager", StringAt(entry, {"manager"})},
                        {"operation", StringAt(entry, {"operation"})},
                        {"fieldsV1", {{"f:spec", {{"f:replicas", Json::object()}}}}}});
    }
  }
  kube::DropNoise(object);
  if (!owners.empty()) object["metadata"]["managedFields"] = std::move(owners);
}

void KeepPodStatus(Json& pod) {
  kube::DropNoise(pod);
  pod.erase("spec");
  if (auto metadata = pod.find("metadata"); metadata != pod.end()) metadata->erase("annotations");
  if (auto status = pod.find("status"); status != pod.end() && status->is_object()) {
    for (const char* field : {"podIPs", "hostIPs", "podIP", "hostIP", "qosClass"})
      status->erase(field);
  }
}

void KeepSecretKeys(Json& secret) {
  kube::DropNoise(secret);
  auto data = secret.find("data");
  if (data == secret.end() || !data->is_object()) return;
  for (auto& [key, value] : data->items()) value = value == "" ? "" : "-";
}

}  // namespace sb::reconcile
