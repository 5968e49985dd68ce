#include "operator/kube/resource.h"

#include "operator/kube/transport.h"

namespace sb::kube {

std::string Resource::ApiVersion() const { return group.empty() ? version : group + "/" + version; }

std::string Resource::Path(std::string_view ns, std::string_view name,
                           std::string_view subresource) const {
  std::string path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
  if (namespaced && !ns.empty()) path += "/namespaces/" + PercentEncode(ns);
  path += "/" + plural;
  if (!name.empty()) path += "/" + PercentEncode(name);
  if (!subresource.empty()) path += "/" + PercentEncode(subresource);
  return path;
}

std::string ObjectKey::ToString() const {
  return namespace_.empty() ? name : namespace_ + "/" + name;
}

ObjectKey KeyOf(const Json& object) {
  return {StringAt(object, {"metadata", "namespace"}), StringAt(object, {"metadata", "name"})};
}

std::string ResourceVersionOf(const Json& object) {
  return StringAt(object, {"metadata", "resourceVersion"});
}

std::string UidOf(const Json& object) { return StringAt(object, {"metadata", "uid"}); }

#define SB_RESOURCE(Function, ...)                \
  const Resource& Function() {                    \
    static const Resource kResource{__VA_ARGS__}; \
    return kResource;                             \
  }
SB_RESOURCE(ConfigMaps, "", "v1", "configmaps", "ConfigMap")
SB_RESOURCE(Deployments, "apps", "v1", "deployments", "Deployment")
SB_RESOURCE(Events, "events.k8s.io", "v1", "events", "Event")
SB_RESOURCE(HorizontalPodAutoscalers, "autoscaling", "v2", "horizontalpodautoscalers",
            "HorizontalPodAutoscaler")
SB_RESOURCE(Jobs, "batch", "v1", "jobs", "Job")
SB_RESOURCE(Leases, "coordination.k8s.io", "v1", "leases", "Lease")
SB_RESOURCE(Namespaces, "", "v1", "namespaces", "Namespace", false)
SB_RESOURCE(PersistentVolumeClaims, "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
SB_RESOURCE(PodDisruptionBudgets, "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
SB_RESOURCE(Pods, "", "v1", "pods", "Pod")
SB_RESOURCE(ReplicaSets, "apps", "v1", "replicasets", "ReplicaSet")
SB_RESOURCE(Secrets, "", "v1", "secrets", "Secret")
SB_RESOURCE(Services, "", "v1", "services", "Service")
SB_RESOURCE(StatefulSets, "apps", "v1", "statefulsets", "StatefulSet")
SB_RESOURCE(StorageClasses, "storage.k8s.io", "v1", "storageclasses", "StorageClass", false)
SB_RESOURCE(ApiServices, "apiregistration.k8s.io", "v1", "apiservices", "APIService", false)
SB_RESOURCE(CustomResourceDefinitions, "apiextensions.k8s.io", "v1", "customresourcedefinitions",
            "CustomResourceDefinition", false)
#undef SB_RESOURCE

}  // namespace sb::kube
