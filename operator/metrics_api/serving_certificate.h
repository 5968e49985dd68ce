// The certificate that every replica serves the metrics API with. It lives in one Secret (ca.crt,
// ca-bundle.crt, tls.crt, tls.key): whoever comes first makes it, the leader rotates it and keeps
// the APIService trusting it.
//
//   ServingCertificate certificate(client, clock, {.namespace_name = "scalablebackend-system"});
//   http::TlsOptions tls{[&] { return certificate.Current(); }, true};
//   auto state = certificate.Sync({secret, api_service}, elector.IsLeading());   // see upkeep.h
//
// Thread-safe; Sync blocks its thread while it writes. It reads nothing from the API server: what
// it decides on is what watches have brought.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/http/server.h"
#include "common/json.h"
#include "common/time.h"
#include "operator/kube/client.h"
#include "operator/metrics_api/certificates.h"
#include "operator/metrics_api/registration.h"

namespace sb::metrics_api {

struct ServingCertificateOptions {
  std::string namespace_name;  // of the operator
  std::string secret_name = "scalablebackend-metrics-api-tls";
  std::string service_name = "scalablebackend-metrics-api";
};

// What a Sync decides on, as last seen; null: there is none.
struct LiveObjects {
  JsonPtr secret;
  JsonPtr api_service;
};

class ServingCertificate {
 public:
  // Given each answer of a write, so that the next Sync sees it before a watch brings it.
  using OnWritten = std::function<void(const kube::Resource&, const Json&)>;

  // `client` and `clock` must outlive this.
  ServingCertificate(const kube::Client& client, const Clock& clock,
                     ServingCertificateOptions options);

  // Serves what the Secret holds from the next connection on; makes it if there is none. With
  // `leading` also rotates at two thirds of the certificate's life, replaces what cannot be served,
  // and sees to the APIService. Order of a rotation: first the API server trusts old and new, then
  // the Secret changes, so no connection fails in between. Errors are the API server's; kConflict
  // and kAlreadyExists: another replica was faster, or what was seen is old: Sync again with what
  // the watch brings. What was served before stays.
  Expected<ApiServiceState> Sync(LiveObjects live, bool leading, const OnWritten& on_written = {});

  kube::ObjectKey secret() const { return {options_.namespace_name, options_.secret_name}; }

  // For http::TlsOptions::current. Null before the first Sync that worked.
  std::shared_ptr<const http::TlsOptions::Pair> Current() const;

 private:
  Expected<JsonPtr> Create() const;
  // Leaves what it wrote in `live`.
  Expected<void> Rotate(LiveObjects& live, const CertificateSet& old,
                        const OnWritten& on_written) const;
  Expected<void> Trust(LiveObjects& live, const std::string& ca_bundle_pem,
                       const OnWritten& on_written) const;
  Json SecretOf(const CertificateSet& set) const;
  void Serve(const CertificateSet& set);

  const kube::Client& client_;
  const Clock& clock_;
  const ServingCertificateOptions options_;
  const std::vector<std::string> dns_names_;
  const ServiceRef service_;

  mutable std::mutex current_mutex_;  // guards current_
  std::shared_ptr<const http::TlsOptions::Pair> current_;
};

}  // namespace sb::metrics_api
