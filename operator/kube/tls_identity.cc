#include "operator/kube/tls_identity.h"

#include <openssl/ssl.h>

#include <chrono>
#include <utility>

#include "operator/kube/pem.h"
#include "operator/kube/tls_environment.h"

namespace sb::kube {
namespace {

constexpr auto kMaxAge = std::chrono::minutes(1);

// Where a context remembers its TlsIdentity; "app data" belongs to Asio.
int ExtraIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// RFC 8446 §6.2: alerts by which a server says that it does not take our certificate.
bool RefusesCertificate(int alert) {
  switch (alert & 0xFF) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct TlsIdentity::Trust {
  std::string ca_pem;
  X509StorePointer store;  // null: anybody
  std::uint64_t version = 0;
};

TlsIdentity::TlsIdentity() : trust_(std::make_unique<Trust>()) {}
TlsIdentity::~TlsIdentity() = default;

Expected<std::unique_ptr<TlsIdentity>> TlsIdentity::Make(const ClusterConfig& config,
                                                         const Clock& clock) {
  std::unique_ptr<TlsIdentity> identity(new TlsIdentity());
  if (config.insecure_skip_tls_verify) return identity;
  Trust& trust = *identity->trust_;
  if (!config.ca_file.empty()) {
    identity->ca_file_ = std::make_unique<RotatingFile>(config.ca_file, kMaxAge, clock);
    trust.ca_pem = identity->ca_file_->Get();
  } else if (!config.ca_pem.empty()) {
    trust.ca_pem = config.ca_pem;
  } else {
    trust.ca_pem = RotatingFile(SystemCaFile(), kMaxAge, clock).Get();
  }
  trust.store = ParseStore(trust.ca_pem);
  if (!trust.store) {
    return Fail(ErrorCode::kInvalidArgument,
                "no certificate authority for " + config.server + " in " +
                    (config.ca_file.empty() ? "its configuration" : config.ca_file) +
                    ": set certificate-authority or certificate-authority-data");
  }
  return identity;
}

std::uint64_t TlsIdentity::TrustVersion() {
  std::lock_guard lock(trust_mutex_);
  if (!ca_file_) return trust_->version;
  std::string pem = ca_file_->Get();
  if (pem == trust_->ca_pem || !IsWholePem(pem)) return trust_->version;
  if (X509StorePointer store = ParseStore(pem)) {
    trust_->store = std::move(store);
    trust_->ca_pem = std::move(pem);
    ++trust_->version;
  }
  return trust_->version;
}

void TlsIdentity::OnAlert(const ssl_st* connection, int where, int alert) {
  if ((where & SSL_CB_ALERT) == 0 || (alert & 0xFF) == SSL3_AD_CLOSE_NOTIFY) return;
  auto* self =
      static_cast<TlsIdentity*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), ExtraIndex()));
  if (!self) return;
  std::string text = SSL_alert_desc_string_long(alert);
  const bool ours = (where & SSL_CB_WRITE) != 0;
  if (!ours) text = "the server refuses us: " + text;
  const long result = SSL_get_verify_result(connection);
  if (ours && result == X509_V_ERR_UNSPECIFIED) {  // what a verify callback's own "no" becomes
    text += ": the server's certificate is not for this host";
  } else if (ours && result != X509_V_OK) {
    text += std::string(": ") + X509_verify_cert_error_string(result);
  }
  if (!ours && RefusesCertificate(alert)) self->refused_ = true;
  // Perhaps the authority has changed: look before the minute is over.
  if (ours && result != X509_V_OK && self->ca_file_) self->ca_file_->Invalidate();
  std::lock_guard lock(self->trust_mutex_);
  self->last_alert_ = std::move(text);
}

std::string TlsIdentity::LastAlert() const {
  std::lock_guard lock(trust_mutex_);
  return last_alert_;
}

void TlsIdentity::Configure(ssl_ctx_st* context, const ClientCertificate* certificate) {
  (void)TrustVersion();
  SSL_CTX_set_ex_data(context, ExtraIndex(), this);
  SSL_CTX_set_info_callback(context, OnAlert);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // 34 KiB less per silent watch
  if (certificate) certificate->Use(context);
  std::lock_guard lock(trust_mutex_);
  if (trust_->store) SSL_CTX_set1_cert_store(context, trust_->store.get());
}

}  // namespace sb::kube
