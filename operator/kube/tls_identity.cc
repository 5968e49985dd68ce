#include "operator/kube/tls_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "operator/kube/cpprest_transport.h"

namespace sb::kube {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

std::vector<Certificate> ParseCertificates(const std::string& pem) {
  std::vector<Certificate> certificates;
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  ERR_clear_error();  // the end of the text is an "error" too
  return certificates;
}

// Null if there is no certificate in it.
Store ParseStore(const std::string& pem) {
  const auto certificates = ParseCertificates(pem);
  if (certificates.empty()) return nullptr;
  Store store(X509_STORE_new());
  for (const auto& certificate : certificates) X509_STORE_add_cert(store.get(), certificate.get());
  ERR_clear_error();
  return store;
}

// Where a context remembers its TlsIdentity; "app data" belongs to Asio.
int ExtraIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

struct TlsIdentity::Parsed {
  std::string ca_pem;
  Store store;
  std::vector<Certificate> chain;  // leaf first
  Key key;
};

TlsIdentity::TlsIdentity() : parsed_(std::make_unique<Parsed>()) {}
TlsIdentity::~TlsIdentity() = default;

Expected<std::unique_ptr<TlsIdentity>> TlsIdentity::Make(const ClusterConfig& config,
                                                         const Clock& clock) {
  std::unique_ptr<TlsIdentity> identity(new TlsIdentity());
  Parsed& parsed = *identity->parsed_;
  if (!config.ca_file.empty()) {
    identity->ca_file_ =
        std::make_unique<RotatingFile>(config.ca_file, std::chrono::minutes(1), clock);
    parsed.ca_pem = identity->ca_file_->Get();
  } else if (!config.ca_pem.empty()) {
    parsed.ca_pem = config.ca_pem;
  } else if (!config.insecure_skip_tls_verify) {
    parsed.ca_pem = RotatingFile(SystemCaFile(), std::chrono::minutes(1), clock).Get();
  }
  if (!config.insecure_skip_tls_verify) {
    parsed.store = ParseStore(parsed.ca_pem);
    if (!parsed.store) {
      return Fail(ErrorCode::kInvalidArgument,
                  "no certificate authority for " + config.server +
                      ": set certificate-authority or certificate-authority-data");
    }
  }
  if (config.client_certificate_pem.empty()) return identity;
  parsed.chain = ParseCertificates(config.client_certificate_pem);
  if (parsed.chain.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the client certificate is not PEM");
  }
  Bio bio(BIO_new_mem_buf(config.client_key_pem.data(),
                          static_cast<int>(config.client_key_pem.size())));
  parsed.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!parsed.key || X509_check_private_key(parsed.chain.front().get(), parsed.key.get()) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kInvalidArgument, "the client key does not fit the client certificate");
  }
  return identity;
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
  std::lock_guard lock(self->parsed_mutex_);
  self->last_alert_ = std::move(text);
}

std::string TlsIdentity::LastAlert() const {
  std::lock_guard lock(parsed_mutex_);
  return last_alert_;
}

void TlsIdentity::Configure(ssl_ctx_st* context) {
  std::lock_guard lock(parsed_mutex_);
  if (ca_file_) {
    std::string pem = ca_file_->Get();
    if (pem != parsed_->ca_pem) {
      // A bundle that does not parse is half written: keep the old one.
      if (Store store = ParseStore(pem)) {
        parsed_->store = std::move(store);
        parsed_->ca_pem = std::move(pem);
      }
    }
  }
  SSL_CTX_set_ex_data(context, ExtraIndex(), this);
  SSL_CTX_set_info_callback(context, OnAlert);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // 34 KiB less per silent watch
  if (parsed_->store) SSL_CTX_set1_cert_store(context, parsed_->store.get());
  if (!parsed_->key) return;
  SSL_CTX_use_certificate(context, parsed_->chain.front().get());
  for (std::size_t i = 1; i < parsed_->chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, parsed_->chain[i].get());
  }
  SSL_CTX_use_PrivateKey(context, parsed_->key.get());
}

}  // namespace sb::kube
