#include "operator/metrics_api/serving_certificate.h"

#include <utility>

#include "common/base64.h"
#include "common/log.h"
#include "operator/api/names.h"

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

Expected<ApiServiceState> ServingCertificate::Sync(LiveObjects live, bool leading,
                                                   const OnWritten& on_written) {
  if (!live.secret) {
    auto made = Create();
    if (!made) return tl::unexpected(made.error());
    live.secret = *made;
    if (on_written) on_written(kube::Secrets(), *live.secret);
  }
  CertificateSet set = SetOf(*live.secret);
  std::string defect = Defect(set, dns_names_, clock_.WallNow());
  if (leading && (!defect.empty() || NeedsRotation(set.certificate_pem, clock_.WallNow()))) {
    log::Info("rotating the certificate of the metrics API", {{"why", defect}});
    if (auto rotated = Rotate(live, set, on_written); !rotated) {
      return tl::unexpected(rotated.error());
    }
    set = SetOf(*live.secret);
    defect = Defect(set, dns_names_, clock_.WallNow());
  }
  if (!defect.empty()) {
    return Fail(ErrorCode::kUnavailable,
                "Secret " + options_.secret_name + ": " + defect + "; the leader replaces it");
  }
  Serve(set);
  if (leading) {
    if (auto trusted = Trust(live, set.ca_bundle_pem, on_written); !trusted) {
      return tl::unexpected(trusted.error());
    }
  }
  return SlotState(live.api_service, service_);
}

std::shared_ptr<const http::TlsOptions::Pair> ServingCertificate::Current() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

Expected<JsonPtr> ServingCertificate::Create() const {
  const auto set = MakeCertificates(dns_names_, clock_.WallNow());
  if (!set) return tl::unexpected(set.error());
  auto secret = client_.Create(kube::Secrets(), SecretOf(*set), api::kFieldManager);
  if (!secret) return tl::unexpected(secret.error());
  return std::make_shared<const Json>(*std::move(secret));
}

Expected<void> ServingCertificate::Rotate(LiveObjects& live, const CertificateSet& old,
                                          const OnWritten& on_written) const {
  const auto next = MakeCertificates(dns_names_, clock_.WallNow(), old.ca_pem);
  if (!next) return tl::unexpected(next.error());
  if (auto trusted = Trust(live, next->ca_bundle_pem, on_written); !trusted) return trusted;
  const Json patch = {{"metadata", {{"resourceVersion", kube::ResourceVersionOf(*live.secret)}}},
                      {"data", SecretOf(*next).at("data")}};
  auto secret = client_.MergePatch(kube::Secrets(), this->secret(), patch,
                                   {.field_manager = api::kFieldManager, .subresource = ""});
  if (!secret) return tl::unexpected(secret.error());
  live.secret = std::make_shared<const Json>(*std::move(secret));
  if (on_written) on_written(kube::Secrets(), *live.secret);
  return {};
}

Expected<void> ServingCertificate::Trust(LiveObjects& live, const std::string& ca_bundle_pem,
                                         const OnWritten& on_written) const {
  auto now = EnsureCaBundle(client_, service_, live.api_service, ca_bundle_pem);
  if (!now) return tl::unexpected(now.error());
  if (*now != live.api_service && on_written) on_written(kube::ApiServices(), **now);
  live.api_service = *std::move(now);
  return {};
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
