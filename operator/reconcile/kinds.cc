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
      {kube::Deployments(), KeepReplicasOwners()},
      {kube::StatefulSets(), kube::WithoutNoise()},
      {kube::Services(), kube::WithoutNoise()},
      {kube::Secrets(), KeepSecretKeys()},
      {kube::PersistentVolumeClaims(), kube::WithoutNoise()},
      {kube::Jobs(), kube::WithoutNoise()},
      {kube::PodDisruptionBudgets(), kube::WithoutNoise()},
      {kube::HorizontalPodAutoscalers(), KeepDecisions()},
      {kube::Pods(), KeepPodStatus()},
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

kube::Projection KeepReplicasOwners() {
  return kube::WithoutNoise()
      .Keep("/metadata/managedFields/*/manager")
      .Keep("/metadata/managedFields/*/operation")
      .Keep("/metadata/managedFields/*/fieldsV1/f:spec/f:replicas");
}

kube::Projection KeepPodStatus() {
  kube::Projection projection = kube::WithoutNoise();
  projection.Drop("/spec").Drop("/metadata/annotations");
  projection.Keep("/spec/containers/*/name").Keep("/spec/containers/*/resources/requests");
  for (const char* field : {"podIPs", "hostIPs", "hostIP", "qosClass"}) {
    projection.Drop(std::string("/status/") + field);
  }
  return projection;
}

kube::Projection KeepDecisions() { return kube::WithoutNoise().Drop("/status/currentMetrics"); }

kube::Projection KeepSecretKeys() { return kube::WithoutNoise().Redact("/data"); }

}  // namespace sb::reconcile
