#include "operator/resources/metadata.h"

#include <utility>

#include "operator/api/names.h"

namespace sb::resources {

Json SelectorLabels(const api::Backend& backend, std::string_view component,
                    std::string_view worker) {
  Json labels = {{api::kNameLabel, backend.name}};
  if (!component.empty()) labels[api::kComponentLabel] = component;
  if (!worker.empty()) labels[api::kWorkerLabel] = worker;
  return labels;
}

Json Labels(const api::Backend& backend, std::string_view component, std::string_view worker) {
  Json labels = SelectorLabels(backend, component, worker);
  labels[api::kManagedByLabel] = api::kManagedByValue;
  return labels;
}

Json ChildMetadata(const api::Backend& backend, std::string name, std::string_view component,
                   std::string_view worker, Lifetime lifetime) {
  Json metadata = {{"name", std::move(name)},
                   {"namespace", backend.namespace_},
                   {"labels", Labels(backend, component, worker)}};
  if (lifetime == Lifetime::kOwned || backend.deletion_policy == api::DeletionPolicy::kDelete) {
    metadata["ownerReferences"] = Json::array({{{"apiVersion", api::kApiVersion},
                                                {"kind", api::kKind},
                                                {"name", backend.name},
                                                {"uid", backend.uid},
                                                {"controller", true},
                                                {"blockOwnerDeletion", true}}});
  }
  return metadata;
}

Json KeepOutOfArgo() {
  return {{"argocd.argoproj.io/compare-options", "IgnoreExtraneous"},
          {"argocd.argoproj.io/sync-options", "Prune=false"}};
}

}  // namespace sb::resources
