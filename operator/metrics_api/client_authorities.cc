#include "operator/metrics_api/client_authorities.h"

#include <openssl/err.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "operator/metrics_api/openssl_handles.h"

namespace sb::metrics_api {
namespace {

// All values of `nid` in the subject, in order, as UTF-8. One that holds a NUL is left out:
// nobody's name does, and it would read as another name further down.
std::vector<std::string> SubjectValues(X509& certificate, int nid) {
  std::vector<std::string> values;
  const X509_NAME* const name = X509_get_subject_name(&certificate);
  for (int i = X509_NAME_get_index_by_NID(name, nid, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, nid, i)) {
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
    if (size < 0) continue;
    std::string value(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    if (value.find('\0') == std::string::npos) values.push_back(std::move(value));
  }
  return values;
}

// When every certificate of a verified chain is valid.
struct Validity {
  WallTime from = WallTime::min();
  WallTime until = WallTime::max();
};

Validity ValidityOf(X509_STORE_CTX& verified) {
  Validity validity;
  const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(&verified);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const X509* const each = sk_X509_value(chain, i);
    validity.from = std::max(validity.from, TimeOf(X509_get0_notBefore(each)));
    validity.until = std::min(validity.until, TimeOf(X509_get0_notAfter(each)));
  }
  return validity;
}

}  // namespace

struct ClientAuthorities::Store {
  struct Accepted {
    std::string certificate_pem;
    CertificateSubject subject;
    Validity validity;
  };

  std::optional<CertificateSubject> Remembered(std::string_view certificate_pem, WallTime now) {
    const std::scoped_lock lock(last_mutex);
    if (!last || last->certificate_pem != certificate_pem) return std::nullopt;
    if (now < last->validity.from || now >= last->validity.until) return std::nullopt;
    return last->subject;
  }

  StorePtr trusted{X509_STORE_new()};
  std::size_t count = 0;
  std::mutex last_mutex;  // guards last
  std::optional<Accepted> last;
};

ClientAuthorities::ClientAuthorities(std::string_view bundle_pem)
    : store_(std::make_unique<Store>()) {
  for (const X509Ptr& authority : ReadCertificates(bundle_pem)) {
    if (X509_STORE_add_cert(store_->trusted.get(), authority.get()) == 1) ++store_->count;
  }
}

ClientAuthorities::~ClientAuthorities() = default;

bool ClientAuthorities::empty() const { return store_->count == 0; }

Expected<CertificateSubject> ClientAuthorities::Verify(std::string_view certificate_pem,
                                                       WallTime now) const {
  if (auto known = store_->Remembered(certificate_pem, now)) return *std::move(known);
  const X509Ptr certificate = ReadCertificate(certificate_pem);
  if (certificate == nullptr) {
    return Fail(ErrorCode::kUnauthenticated, "the client certificate cannot be read");
  }
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store_->trusted.get(), certificate.get(), nullptr) != 1) {
    return Fail(ErrorCode::kInternal, "OpenSSL cannot verify certificates");
  }
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(now));
  const bool verified = X509_verify_cert(context.get()) == 1;
  const int why = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!verified) {
    return Fail(ErrorCode::kUnauthenticated,
                std::string("the client certificate is not accepted: ") +
                    X509_verify_cert_error_string(why));
  }
  CertificateSubject subject;
  auto names = SubjectValues(*certificate, NID_commonName);
  // Go takes the last one.
  if (!names.empty()) subject.common_name = std::move(names.back());
  subject.organizations = SubjectValues(*certificate, NID_organizationName);
  const std::scoped_lock lock(store_->last_mutex);
  store_->last = {std::string(certificate_pem), subject, ValidityOf(*context)};
  return subject;
}

}  // namespace sb::metrics_api
