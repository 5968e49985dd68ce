// The APIService v1beta1.external.metrics.k8s.io: who serves the metrics API of this cluster, and
// which authority the API server trusts there. There is one such slot a cluster; another operator's
// is never touched (KEDA, an adapter and Datadog all want it).
//
//   auto now = EnsureCaBundle(client, ours, api_service, pem);
//   if (now && SlotState(*now, ours).owner == SlotOwner::kForeign) …
//
// The object itself is installed by Helm or kustomize, without caBundle: only that field is ours,
// so nothing fights a GitOps tool.
#pragma once

#include <memory>
#include <string>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/client.h"

namespace sb::metrics_api {

inline constexpr const char* kApiServiceName = "v1beta1.external.metrics.k8s.io";

// An object as last seen; null: there is none.
using JsonPtr = std::shared_ptr<const Json>;

enum class SlotOwner { kOurs, kForeign, kMissing };

struct ApiServiceState {
  SlotOwner owner = SlotOwner::kMissing;
  std::string holder;           // kForeign: "namespace/service", or "the API server itself"
  std::string message;          // all but kOurs: what that means and what to do
  bool available = false;       // its Available condition is True
  std::string unavailable_why;  // the condition's message while it is not

  friend bool operator==(const ApiServiceState&, const ApiServiceState&) = default;
};

// The Service that leads to us.
struct ServiceRef {
  std::string namespace_name;
  std::string name;
};

// What an APIService object says; null: there is none. Pure.
ApiServiceState SlotState(const JsonPtr& api_service, const ServiceRef& ours);

// Makes the caBundle of `api_service` `ca_bundle_pem` if it leads to us and has another one.
// Returns the object as it is then: the same pointer if there was nothing to write, as with null
// and with a foreign one. kConflict: it has changed since it was seen.
Expected<JsonPtr> EnsureCaBundle(const kube::Client& client, const ServiceRef& ours,
                                 const JsonPtr& api_service, const std::string& ca_bundle_pem);

}  // namespace sb::metrics_api
