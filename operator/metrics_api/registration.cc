#include "operator/metrics_api/registration.h"

#include "common/base64.h"
#include "operator/api/names.h"

namespace sb::metrics_api {
namespace {

constexpr const char* kAdvice =
    "; remove it to let the HPA read Prometheus metrics of ScalableBackends, they keep their "
    "replica "
    "counts meanwhile";

ApiServiceState Missing() {
  return {
      .owner = SlotOwner::kMissing,
      .holder = "",
      .message = std::string("APIService ") + kApiServiceName +
                 " does not exist, so the HPA cannot read Prometheus metrics; install it with the "
                 "operator's manifests or Helm chart",
      .available = false,
      .unavailable_why = ""};
}

}  // namespace

ApiServiceState SlotState(const JsonPtr& api_service, const ServiceRef& ours) {
  if (!api_service) return Missing();
  ApiServiceState state;
  const std::string namespace_name = StringAt(*api_service, {"spec", "service", "namespace"});
  const std::string name = StringAt(*api_service, {"spec", "service", "name"});
  state.owner = namespace_name == ours.namespace_name && name == ours.name ? SlotOwner::kOurs
                                                                           : SlotOwner::kForeign;
  if (state.owner == SlotOwner::kForeign) {
    // Without a Service the API server serves the group itself.
    state.holder = name.empty() ? "the API server itself" : namespace_name + "/" + name;
    state.message = std::string("APIService ") + kApiServiceName + " belongs to " +
                    (name.empty() ? "" : "Service ") + state.holder + kAdvice;
  }
  const Json* conditions = Find(*api_service, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return state;
  for (const Json& condition : *conditions) {
    if (StringAt(condition, {"type"}) != "Available") continue;
    state.available = StringAt(condition, {"status"}) == "True";
    if (!state.available) state.unavailable_why = StringAt(condition, {"message"});
  }
  return state;
}

Expected<JsonPtr> EnsureCaBundle(const kube::Client& client, const ServiceRef& ours,
                                 const JsonPtr& api_service, const std::string& ca_bundle_pem) {
  if (SlotState(api_service, ours).owner != SlotOwner::kOurs) return api_service;
  const std::string bundle = EncodeBase64(ca_bundle_pem);
  if (StringAt(*api_service, {"spec", "caBundle"}) == bundle) return api_service;
  // Who has taken the slot since it was seen loses nothing: the resource version is a precondition.
  const Json patch = {
      {"apiVersion", kube::ApiServices().ApiVersion()},
      {"kind", kube::ApiServices().kind},
      {"metadata",
       {{"name", kApiServiceName}, {"resourceVersion", kube::ResourceVersionOf(*api_service)}}},
      {"spec", {{"caBundle", bundle}}}};
  kube::ApplyOptions options;
  options.field_manager = api::kFieldManager;
  auto applied = client.Apply(kube::ApiServices(), patch, options);
  if (!applied) return tl::unexpected(applied.error());
  return std::make_shared<const Json>(*std::move(applied));
}

}  // namespace sb::metrics_api
