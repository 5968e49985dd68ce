// The APIService v1beta1.external.metrics.k8s.io: who serves the metrics API of this cluster, and
// which authority the API server trusts there. There is one such slot a cluster; another operator's
// is never touched (KEDA, an adapter and Datadog all want it).
//
//   auto state = EnsureCaBundle(client, {"scalablebackend-system", "scalablebackend-metrics-api"},
//   pem); if (state && state->owner == SlotOwner::kForeign) Report(state->message);
//
// The object itself is installed by Helm or kustomize, without caBundle: only that field is ours,
// so nothing fights a GitOps tool.
#pragma once

#include <string>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/client.h"

namespace sb::metrics_api {

inline constexpr const char* kApiServiceName = "v1beta1.external.metrics.k8s.io";

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

// What an APIService object says. Pure.
ApiServiceState ReadApiService(const Json& api_service, const ServiceRef& ours);

// Who holds the slot; reads only.
Expected<ApiServiceState> FindApiService(const kube::Client& client, const ServiceRef& ours);

// The same, and makes our caBundle `ca_bundle_pem` if it differs. Writes nothing when it already
// holds, and nothing to a foreign one.
Expected<ApiServiceState> EnsureCaBundle(const kube::Client& client, const ServiceRef& ours,
                                         const std::string& ca_bundle_pem);

}  // namespace sb::metrics_api
