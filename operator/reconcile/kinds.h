// The kinds of children, and what of each is kept in the cache.
#pragma once

#include <string>
#include <vector>

#include "operator/kube/projection.h"
#include "operator/kube/resource.h"

namespace sb::reconcile {

struct Kind {
  kube::Resource resource;
  kube::Projection projection;
};

// scalablebackends.scalablebackend.io.
const kube::Resource& Backends();

// Every kind that the plan makes or reads, pods and claims included; StorageClasses are apart,
// since they carry no label of ours.
const std::vector<Kind>& ChildKinds();

// The resource of a child kind of the plan ("Deployment"). The kind must be one of ChildKinds().
const kube::Resource& ResourceOf(const std::string& kind);

// What a projection keeps: of managedFields, who owns spec.replicas and nothing else; of pods,
// identity, labels, status (with the address, for metrics that are read from pods) and what their
// containers request (for metrics of resources); of Secrets the keys but no value ("-" for any), so
// that no credential stays in memory; of autoscalers what they decided, but not the figures of
// their metrics, which differ every 15 s.
kube::Projection KeepReplicasOwners();
kube::Projection KeepPodStatus();
kube::Projection KeepSecretKeys();
kube::Projection KeepDecisions();

}  // namespace sb::reconcile
