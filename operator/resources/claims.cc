#include "operator/resources/claims.h"

#include <utility>

#include "operator/resources/metadata.h"

namespace sb::resources {

Json StatefulSet(const api::Backend& backend, std::string name, const char* component,
                 const api::Storage& storage, Json pod) {
  const bool retain = backend.deletion_policy == api::DeletionPolicy::kRetain;
  Json claim_spec = {{"accessModes", Json::array({"ReadWriteOnce"})},
                     {"volumeMode", "Filesystem"},
                     {"resources", {{"requests", {{"storage", storage.size.ToString()}}}}}};
  if (storage.storage_class) claim_spec["storageClassName"] = *storage.storage_class;
  return {{"apiVersion", "apps/v1"},
          {"kind", "StatefulSet"},
          {"metadata", ChildMetadata(backend, name, component)},
          {"spec",
           {{"replicas", 1},
            {"serviceName", name},
            {"selector", {{"matchLabels", SelectorLabels(backend, component)}}},
            // OrderedReady never replaces a pod that cannot become ready: a bad image would stay
            // for ever.
            {"podManagementPolicy", "Parallel"},
            {"updateStrategy", {{"type", "RollingUpdate"}}},
            {"revisionHistoryLimit", 3},
            {"persistentVolumeClaimRetentionPolicy",
             {{"whenDeleted", retain ? "Retain" : "Delete"}, {"whenScaled", "Retain"}}},
            {"template",
             {{"metadata", {{"labels", Labels(backend, component)}}}, {"spec", std::move(pod)}}},
            {"volumeClaimTemplates", Json::array({{{"apiVersion", "v1"},
                                                   {"kind", "PersistentVolumeClaim"},
                                                   {"metadata",
                                                    {{"name", "data"},
                                                     {"labels", Labels(backend, component)},
                                                     {"annotations", KeepOutOfArgo()}}},
                                                   {"spec", std::move(claim_spec)}}})}}}};
}

Json WithLiveClaimTemplates(Json desired, const Json& live) {
  const Json* templates = Find(live, {"spec", "volumeClaimTemplates"});
  if (templates != nullptr && templates->is_array() && !templates->empty()) {
    desired["spec"]["volumeClaimTemplates"] = *templates;
  }
  return desired;
}

ClaimChange CompareClaim(const Json& live_claim, const api::Storage& storage) {
  const auto live =
      api::Quantity::Parse(StringAt(live_claim, {"spec", "resources", "requests", "storage"}));
  if (!live || *live == storage.size) return ClaimChange::kNone;
  return *live < storage.size ? ClaimChange::kGrow : ClaimChange::kShrink;
}

Json ClaimOfSize(const api::Backend& backend, std::string name, const api::Storage& storage) {
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", {{"name", std::move(name)}, {"namespace", backend.namespace_}}},
          {"spec", {{"resources", {{"requests", {{"storage", storage.size.ToString()}}}}}}}};
}

}  // namespace sb::resources
