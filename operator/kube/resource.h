// What kinds of objects there are and where the API server keeps them.
//
//   Deployments().Path("default", "todo-api")  ->
//   /apis/apps/v1/namespaces/default/deployments/todo-api const Resource
//   backends{"scalablebackend.io", "v1alpha1", "scalablebackends", "ScalableBackend"};
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/json.h"

namespace sb::kube {

struct Resource {
  std::string group;    // "" for the core group
  std::string version;  // "v1"
  std::string plural;   // "deployments"
  std::string kind;     // "Deployment"
  bool namespaced = true;

  // The path of one object, or of the collection if `name` is empty; of all namespaces if `ns` is
  // too. Every segment is percent-encoded, so a name can never escape its collection.
  std::string Path(std::string_view ns, std::string_view name = "",
                   std::string_view subresource = "") const;
  // "apps/v1", or "v1" in the core group.
  std::string ApiVersion() const;

  bool operator==(const Resource&) const = default;
};

// Names one object of a known kind. The UID is not part of it: an object that was deleted and made
// again under its old name is the same key.
struct ObjectKey {
  std::string namespace_;  // "" for cluster-scoped kinds
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
  std::string ToString() const;  // "namespace/name", or "name"
};

// The key in an object's metadata; empty strings where it has none.
ObjectKey KeyOf(const Json& object);
// metadata.resourceVersion and metadata.uid, or "".
std::string ResourceVersionOf(const Json& object);
std::string UidOf(const Json& object);

const Resource& ConfigMaps();
const Resource& Deployments();
const Resource& Events();                    // events.k8s.io/v1
const Resource& HorizontalPodAutoscalers();  // autoscaling/v2
const Resource& Jobs();
const Resource& Leases();
const Resource& Namespaces();
const Resource& PersistentVolumeClaims();
const Resource& PodDisruptionBudgets();
const Resource& Pods();
const Resource& ReplicaSets();
const Resource& Secrets();
const Resource& Services();
const Resource& StatefulSets();
const Resource& StorageClasses();
const Resource& ApiServices();
const Resource& CustomResourceDefinitions();

}  // namespace sb::kube

template <>
struct std::hash<sb::kube::ObjectKey> {
  std::size_t operator()(const sb::kube::ObjectKey& key) const noexcept {
    const std::size_t seed = std::hash<std::string>{}(key.namespace_);
    return seed ^
           (std::hash<std::string>{}(key.name) + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2));
  }
};
