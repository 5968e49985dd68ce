// For tests: an authority that signs client certificates.
#pragma once

#include <openssl/ec.h>

#include <initializer_list>
#include <string>

#include "common/time.h"
#include "operator/metrics_api/openssl_handles.h"

namespace sb::metrics_api {

struct TestPair {
  std::string certificate_pem;
  std::string key_pem;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    Fill(*certificate_, *key_, name, {});
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    Extend(*certificate_, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  std::string pem() { return WriteCertificate(*certificate_); }

  // Valid an hour around now.
  TestPair Client(const std::string& name, std::initializer_list<const char*> organizations = {},
                  const char* usage = "clientAuth") {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr certificate(X509_new());
    Fill(*certificate, *key, name, organizations);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    Extend(*certificate, NID_ext_key_usage, usage);
    X509_sign(certificate.get(), key_.get(), EVP_sha256());
    return {WriteCertificate(*certificate), WritePrivateKey(*key)};
  }

 private:
  static void Fill(X509& certificate, EVP_PKEY& key, const std::string& name,
                   std::initializer_list<const char*> organizations) {
    X509_set_version(&certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(&certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(&certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(&certificate), 3600);
    X509_set_pubkey(&certificate, &key);
    for (const char* organization : organizations) Name(certificate, "O", organization);
    if (!name.empty()) Name(certificate, "CN", name.c_str());
  }
  static void Name(X509& certificate, const char* field, const char* value) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value), -1, -1, 0);
  }
  static void Extend(X509& certificate, int nid, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(&certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  KeyPtr key_;
  X509Ptr certificate_;
};

}  // namespace sb::metrics_api
