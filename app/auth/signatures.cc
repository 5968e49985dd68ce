#include "app/auth/signatures.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace todo::auth {

void Signer::Free::operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }

Signer::Signer(std::string_view secret) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // the context holds it
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
  if (!context_ ||
      EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                   secret.size(), parameters) != 1) {
    throw std::runtime_error("OpenSSL has no HMAC-SHA256");
  }
}

Signature Signer::Sign(std::string_view text) {
  Signature signature{};
  std::size_t size = 0;
  // Without a key: from the start again, with the one it has.
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size()) != 1 ||
      EVP_MAC_final(context_.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                    signature.size()) != 1 ||
      size != signature.size()) {
    throw std::runtime_error("HMAC-SHA256 failed");  // never a signature that anybody could guess
  }
  return signature;
}

bool Signer::Verify(std::string_view text, const Signature& signature) {
  const Signature right = Sign(text);
  return CRYPTO_memcmp(right.data(), signature.data(), right.size()) == 0;
}

}  // namespace todo::auth
