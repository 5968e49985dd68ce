// Certificates and keys from PEM text, as OpenSSL's objects with an owner.
//
// Includes OpenSSL: for .cc files only.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace sb::kube {

template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using X509Pointer = std::unique_ptr<X509, OpensslFree<X509_free>>;
using X509StorePointer = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;

// All certificates in `pem`, in order; what is something else or broken is skipped.
std::vector<X509Pointer> ParseCertificates(const std::string& pem);

// Null if there is no key in it, or one that needs a passphrase.
KeyPointer ParseKey(const std::string& pem);

// Null if there is no certificate in it.
X509StorePointer ParseStore(const std::string& pem);

// Every block that begins in `pem` ends in it: it was not cut while somebody wrote it.
bool IsWholePem(const std::string& pem);

}  // namespace sb::kube
