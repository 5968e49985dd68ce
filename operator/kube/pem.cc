#include "operator/kube/pem.h"

#include <openssl/err.h>

#include <string_view>

namespace sb::kube {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

Bio Read(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::size_t Count(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// OpenSSL would ask on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::vector<X509Pointer> ParseCertificates(const std::string& pem) {
  std::vector<X509Pointer> certificates;
  const Bio bio = Read(pem);
  for (;;) {
    ERR_clear_error();
    if (X509* next = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
      certificates.emplace_back(next);
      continue;
    }
    // "No start line" is the end of the text; anything else is one block that is no certificate.
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (at_end || BIO_eof(bio.get())) break;
  }
  ERR_clear_error();
  return certificates;
}

KeyPointer ParseKey(const std::string& pem) {
  KeyPointer key(PEM_read_bio_PrivateKey(Read(pem).get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

X509StorePointer ParseStore(const std::string& pem) {
  const auto certificates = ParseCertificates(pem);
  if (certificates.empty()) return nullptr;
  X509StorePointer store(X509_STORE_new());
  for (const auto& certificate : certificates) X509_STORE_add_cert(store.get(), certificate.get());
  ERR_clear_error();
  return store;
}

bool IsWholePem(const std::string& pem) {
  return Count(pem, "-----BEGIN ") == Count(pem, "-----END ");
}

}  // namespace sb::kube
