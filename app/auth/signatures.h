// HMAC-SHA256 with one key, by OpenSSL; the context is kept, because to set it up costs more than
// to sign.
//
//   Signer signer(secret);
//   Signature signature = signer.Sign("header.payload");
//   signer.Verify("header.payload", signature);      // true, in constant time
//
// One thread at a time.
#pragma once

#include <array>
#include <memory>
#include <string_view>

using EVP_MAC_CTX = struct evp_mac_ctx_st;

namespace todo::auth {

using Signature = std::array<char, 32>;

class Signer {
 public:
  // Throws std::runtime_error if OpenSSL has no HMAC-SHA256 (start-up of a broken system).
  explicit Signer(std::string_view secret);

  Signature Sign(std::string_view text);
  bool Verify(std::string_view text, const Signature& signature);

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const;
  };
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace todo::auth
