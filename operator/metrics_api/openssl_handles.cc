#include "operator/metrics_api/openssl_handles.h"

#include <openssl/err.h>

#include <ctime>
#include <limits>

namespace sb::metrics_api {
namespace {

BioPtr Source(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Content(BIO& sink) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(&sink, &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

X509Ptr ReadCertificate(std::string_view pem) {
  const BioPtr source = Source(pem);
  X509Ptr certificate(
      source == nullptr ? nullptr : PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

std::vector<X509Ptr> ReadCertificates(std::string_view pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr source = Source(pem);
  while (source != nullptr) {
    X509Ptr certificate(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) break;
    certificates.push_back(std::move(certificate));
  }
  ERR_clear_error();
  return certificates;
}

KeyPtr ReadPrivateKey(std::string_view pem) {
  const BioPtr source = Source(pem);
  KeyPtr key(source == nullptr ? nullptr
                               : PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

std::string WriteCertificate(X509& certificate) {
  const BioPtr sink(BIO_new(BIO_s_mem()));
  if (sink == nullptr || PEM_write_bio_X509(sink.get(), &certificate) != 1) return "";
  return Content(*sink);
}

std::string WritePrivateKey(EVP_PKEY& key) {
  const BioPtr sink(BIO_new(BIO_s_mem()));
  if (sink == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(sink.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return "";
  }
  return Content(*sink);
}

WallTime TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return WallTime();
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

}  // namespace sb::metrics_api
