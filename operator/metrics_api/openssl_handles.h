// OpenSSL's objects with owners, PEM in and out. For .cc files of this folder only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/time.h"

namespace sb::metrics_api {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;

// The first certificate in `pem`, or null.
X509Ptr ReadCertificate(std::string_view pem);
// All certificates in `pem`, in order; stops at the first that is none.
std::vector<X509Ptr> ReadCertificates(std::string_view pem);
KeyPtr ReadPrivateKey(std::string_view pem);
std::string WriteCertificate(X509& certificate);
std::string WritePrivateKey(EVP_PKEY& key);

// From ASN.1; the epoch for what is no time.
WallTime TimeOf(const ASN1_TIME* time);

}  // namespace sb::metrics_api
