#include "operator/metrics_api/serving_certificate.h"

#include <utility>

#include "common/log.h"
#include "operator/api/names.h"
#include "common/base64.h"

namespace sb::metrics_api {
namespace {

CertificateSet SetOf(const Json& secret) {
  const auto field = [&](const char* key) {
    return DecodeBase64(StringAt(secret, {"data", key})).value_or("");
  };
  return {.ca_pem = field("ca.crt"),
          .ca_bundle_pem = field("ca-bundle.crt"),
          .certificate_pem = field("tls.crt"),
          .private_key_pem = field("tls.key")};
}

}  // namespace

ServingCertificate::ServingCertificate(const kube::Client& client, const Clock& clock,
                                       ServingCertificateOptions options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      dns_names_(DnsNames(options_.namespace_name)),
      service_{options_.namespace_name, options_.service_name} {}

Expected<ApiServiceState> ServingCertificate::Sync(bool leading) {
  Expected<Json> secret = ReadOrCreate();
  if (!secret) return tl::unexpected(secret.error());
  CertificateSet set = SetOf(*secret);
  std::string defect = Defect(set, dns_names_, clock_.WallNow());
  if (leading && (!defect.empty() || NeedsRotation(set.certificate_pem, clock_.WallNow()))) {
    log::Info("rotating the certificate of the metrics API", {{"why", defect}});
    secret = Rotate(*secret, set);
    // Somebody else was faster: theirs is as good.
    if (!secret && secret.error().code == ErrorCode::kConflict) secret = ReadOrCreate();
    if (!secret) return tl::unexpected(secret.error());
    set = SetOf(*secret);
    defect = Defect(set, dns_names_, clock_.WallNow());
  }
  if (!defect.empty()) {
    return Fail(ErrorCode::kUnavailable, "Secret " + options_.secret_name + ": " + defect +
                                             "; the leader replaces it within a minute");
  }
  Serve(set);
  return leading ? EnsureCaBundle(client_, service_, set.ca_bundle_pem)
                 : FindApiService(client_, service_);
}

void ServingCertificate::OnSecret(const Json& secret) {
  const CertificateSet set = SetOf(secret);
  if (Defect(set, dns_names_, clock_.WallNow()).empty()) Serve(set);
}

std::shared_ptr<const http::TlsOptions::Pair> ServingCertificate::Current() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

Expected<Json> ServingCertificate::ReadOrCreate() {
  const kube::ObjectKey key{options_.namespace_name, options_.secret_name};
  Expected<Json> secret = client_.Get(kube::Secrets(), key);
  if (secret || secret.error().code != ErrorCode::kNotFound) return secret;
  const auto set = MakeCertificates(dns_names_, clock_.WallNow());
  if (!set) return tl::unexpected(set.error());
  secret = client_.Create(kube::Secrets(), SecretOf(*set), api::kFieldManager);
  // All replicas start at once: the others' is as good as ours.
  if (!secret && secret.error().code == ErrorCode::kAlreadyExists) {
    secret = client_.Get(kube::Secrets(), key);
  }
  return secret;
}

Expected<Json> ServingCertificate::Rotate(const Json& secret, const CertificateSet& old) {
  const auto next = MakeCertificates(dns_names_, clock_.WallNow(), old.ca_pem);
  if (!next) return tl::unexpected(next.error());
  const auto trusted = EnsureCaBundle(client_, service_, next->ca_bundle_pem);
  if (!trusted) return tl::unexpected(trusted.error());
  const Json patch = {{"metadata", {{"resourceVersion", kube::ResourceVersionOf(secret)}}},
                      {"data", SecretOf(*next).at("data")}};
  return client_.MergePatch(kube::Secrets(), {options_.namespace_name, options_.secret_name}, patch,
                            {.field_manager = api::kFieldManager, .subresource = ""});
}

Json ServingCertificate::SecretOf(const CertificateSet& set) const {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"name", options_.secret_name},
            {"namespace", options_.namespace_name},
            {"labels", {{"app.kubernetes.io/name", "scalablebackend-operator"}}}}},
          {"type", "kubernetes.io/tls"},
          {"data",
           {{"ca.crt", EncodeBase64(set.ca_pem)},
            {"ca-bundle.crt", EncodeBase64(set.ca_bundle_pem)},
            {"tls.crt", EncodeBase64(set.certificate_pem)},
            {"tls.key", EncodeBase64(set.private_key_pem)}}}};
}

void ServingCertificate::Serve(const CertificateSet& set) {
  const std::lock_guard lock(current_mutex_);
  if (current_ != nullptr && current_->certificate_chain_pem == set.certificate_pem &&
      current_->private_key_pem == set.private_key_pem) {
    return;
  }
  current_ = std::make_shared<const http::TlsOptions::Pair>(
      http::TlsOptions::Pair{set.certificate_pem, set.private_key_pem});
}

}  // namespace sb::metrics_api
