#include "operator/reconcile/scale_writer.h"

#include "operator/api/names.h"

namespace sb::reconcile {

Expected<void> WriteScale(const kube::Client& client, const kube::ObjectKey& deployment,
                          const std::string& resource_version, int replicas) {
  const Json scale = {{"apiVersion", "autoscaling/v1"},
                      {"kind", "Scale"},
                      {"metadata",
                       {{"name", deployment.name},
                        {"namespace", deployment.namespace_},
                        {"resourceVersion", resource_version}}},
                      {"spec", {{"replicas", replicas}}}};
  auto written = client.Update(kube::Deployments(), scale,
                               {.field_manager = api::kScaleFieldManager, .subresource = "scale"});
  if (!written) return tl::unexpected(written.error());
  return {};
}

}  // namespace sb::reconcile
