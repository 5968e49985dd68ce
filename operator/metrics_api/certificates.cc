#include "operator/metrics_api/certificates.h"

#include <openssl/ec.h>
#include <openssl/rand.h>

#include <algorithm>

#include "operator/metrics_api/openssl_handles.h"

namespace sb::metrics_api {
namespace {

constexpr const char* kServiceName = "scalablebackend-metrics-api";

struct Signed {
  X509Ptr certificate;
  KeyPtr key;
};

bool SetTime(ASN1_TIME* field, WallTime time) {
  return ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)) != nullptr;
}

// RFC 5280 §4.1.2.2: positive and unique; 120 random bits.
bool SetSerial(X509& certificate, std::string& hex) {
  unsigned char bytes[15];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 4; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  BIGNUM* const number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool done = number != nullptr &&
                    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate)) != nullptr;
  BN_free(number);
  return done;
}

bool SetSubject(X509& certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                    -1, 0) == 1;
}

bool AddExtension(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool done = extension != nullptr && X509_add_ext(&certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return done;
}

// Without `issuer`: an authority that signs itself. Empty on failure.
Signed Issue(const Signed* issuer, const std::string& alt_names, WallTime now) {
  Signed made{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  if (made.certificate == nullptr || made.key == nullptr) return {};
  X509& certificate = *made.certificate;
  std::string serial;
  // The serial is part of the authority's name, so that two generations are never mixed up.
  bool good =
      X509_set_version(&certificate, X509_VERSION_3) == 1 && SetSerial(certificate, serial) &&
      SetSubject(certificate, issuer != nullptr ? std::string(kServiceName)
                                                : std::string(kServiceName) + "-ca-" + serial) &&
      SetTime(X509_getm_notBefore(&certificate), now - kCertificateBackdate) &&
      SetTime(X509_getm_notAfter(&certificate), now + kCertificateLife) &&
      X509_set_pubkey(&certificate, made.key.get()) == 1;
  X509& parent = issuer != nullptr ? *issuer->certificate : certificate;
  good = good && X509_set_issuer_name(&certificate, X509_get_subject_name(&parent)) == 1 &&
         AddExtension(certificate, parent, NID_subject_key_identifier, "hash");
  if (issuer == nullptr) {
    good = good &&
           AddExtension(certificate, parent, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           AddExtension(certificate, parent, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    good = good &&
           AddExtension(certificate, parent, NID_authority_key_identifier, "keyid:always") &&
           AddExtension(certificate, parent, NID_basic_constraints, "critical,CA:FALSE") &&
           AddExtension(certificate, parent, NID_key_usage, "critical,digitalSignature") &&
           AddExtension(certificate, parent, NID_ext_key_usage, "serverAuth") &&
           AddExtension(certificate, parent, NID_subject_alt_name, alt_names);
  }
  EVP_PKEY* const signer = issuer != nullptr ? issuer->key.get() : made.key.get();
  if (!good || X509_sign(&certificate, signer, EVP_sha256()) == 0) return {};
  return made;
}

bool IsSignedBy(X509& certificate, X509& authority) {
  return X509_check_issued(&authority, &certificate) == X509_V_OK &&
         X509_verify(&certificate, X509_get0_pubkey(&authority)) == 1;
}

}  // namespace

std::vector<std::string> DnsNames(const std::string& namespace_name) {
  const std::string service = std::string(kServiceName) + "." + namespace_name + ".svc";
  return {service, service + ".cluster.local"};
}

Expected<CertificateSet> MakeCertificates(const std::vector<std::string>& dns_names, WallTime now,
                                          const std::string& previous_ca_pem) {
  std::string alt_names;
  for (const auto& name : dns_names) alt_names += (alt_names.empty() ? "DNS:" : ",DNS:") + name;
  const Signed authority = Issue(nullptr, "", now);
  const Signed serving =
      authority.certificate == nullptr ? Signed{} : Issue(&authority, alt_names, now);
  if (serving.certificate == nullptr) {
    return Fail(ErrorCode::kInternal, "OpenSSL made no certificate for the metrics API");
  }
  CertificateSet set;
  set.ca_pem = WriteCertificate(*authority.certificate);
  set.ca_bundle_pem = set.ca_pem;
  if (const X509Ptr previous = ReadCertificate(previous_ca_pem); previous != nullptr) {
    set.ca_bundle_pem += WriteCertificate(*previous);
  }
  set.certificate_pem = WriteCertificate(*serving.certificate);
  set.private_key_pem = WritePrivateKey(*serving.key);
  return set;
}

std::string Defect(const CertificateSet& set, const std::vector<std::string>& dns_names,
                   WallTime now) {
  const X509Ptr certificate = ReadCertificate(set.certificate_pem);
  const X509Ptr authority = ReadCertificate(set.ca_pem);
  const KeyPtr key = ReadPrivateKey(set.private_key_pem);
  if (certificate == nullptr) return "tls.crt holds no certificate";
  if (authority == nullptr) return "ca.crt holds no certificate";
  if (key == nullptr) return "tls.key holds no private key";
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return "tls.key is not the key of tls.crt";
  }
  if (!IsSignedBy(*certificate, *authority)) return "tls.crt is not signed by ca.crt";
  const auto bundle = ReadCertificates(set.ca_bundle_pem);
  if (std::none_of(bundle.begin(), bundle.end(), [&](const X509Ptr& trusted) {
        return X509_cmp(trusted.get(), authority.get()) == 0;
      })) {
    return "ca-bundle.crt does not hold ca.crt";
  }
  for (X509* const each : {certificate.get(), authority.get()}) {
    if (TimeOf(X509_get0_notAfter(each)) <= now) return "the certificate has expired";
  }
  for (const auto& name : dns_names) {
    if (X509_check_host(certificate.get(), name.data(), name.size(), 0, nullptr) != 1) {
      return "tls.crt is not for " + name;
    }
  }
  return "";
}

bool NeedsRotation(const std::string& certificate_pem, WallTime now) {
  const X509Ptr certificate = ReadCertificate(certificate_pem);
  if (certificate == nullptr) return true;
  const WallTime begin = TimeOf(X509_get0_notBefore(certificate.get()));
  const WallTime end = TimeOf(X509_get0_notAfter(certificate.get()));
  return now >= begin + (end - begin) * 2 / 3;
}

}  // namespace sb::metrics_api
