// The certificate that every replica serves the metrics API with. It lives in one Secret (ca.crt,
// ca-bundle.crt, tls.crt, tls.key): whoever comes first makes it, the leader rotates it and keeps
// the APIService trusting it.
//
//   ServingCertificate certificate(client, clock, {.namespace_name = "scalablebackend-system"});
//   http::TlsOptions tls{[&] { return certificate.Current(); }, true};
//   auto state = certificate.Sync(elector.IsLeading());   // at start, then every minute (upkeep.h)
//
// Thread-safe; Sync blocks its thread. A settled Sync reads two objects and writes nothing.
#pragma once

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

class ServingCertificate {
 public:
  // `client` and `clock` must outlive this.
  ServingCertificate(const kube::Client& client, const Clock& clock,
                     ServingCertificateOptions options);

  // Reads the Secret and serves what it holds from the next connection on; makes it if there is
  // none. With `leading` also rotates at two thirds of the certificate's life, replaces what cannot
  // be served, and sees to the APIService. Order of a rotation: first the API server trusts old and
  // new, then the Secret changes, so no connection fails in between. Errors are the API server's;
  // what was served before stays.
  Expected<ApiServiceState> Sync(bool leading);

  // A watch event of the Secret: the same, without I/O and without writes.
  void OnSecret(const Json& secret);

  // For http::TlsOptions::current. Null before the first Sync that worked.
  std::shared_ptr<const http::TlsOptions::Pair> Current() const;

 private:
  Expected<Json> ReadOrCreate();
  Expected<Json> Rotate(const Json& secret, const CertificateSet& old);
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
