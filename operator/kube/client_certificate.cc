#include "operator/kube/client_certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>
#include <vector>

#include "operator/kube/pem.h"

namespace sb::kube {

struct ClientCertificate::Parts {
  std::vector<X509Pointer> chain;  // leaf first
  KeyPointer key;
};

ClientCertificate::ClientCertificate(std::unique_ptr<const Parts> parts)
    : parts_(std::move(parts)) {}
ClientCertificate::~ClientCertificate() = default;

Expected<std::shared_ptr<const ClientCertificate>> ClientCertificate::Parse(
    const std::string& certificate_pem, const std::string& key_pem) {
  auto parts = std::make_unique<Parts>();
  parts->chain = ParseCertificates(certificate_pem);
  if (parts->chain.empty() || !IsWholePem(certificate_pem)) {
    return Fail(ErrorCode::kInvalidArgument, "the client certificate is not PEM");
  }
  parts->key = ParseKey(key_pem);
  if (!parts->key) {
    return Fail(ErrorCode::kInvalidArgument,
                "the client key is not PEM, or is protected by a passphrase");
  }
  const bool fits = X509_check_private_key(parts->chain.front().get(), parts->key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return Fail(ErrorCode::kInvalidArgument, "the client key does not fit the client certificate");
  }
  return std::shared_ptr<const ClientCertificate>(new ClientCertificate(std::move(parts)));
}

void ClientCertificate::Use(ssl_ctx_st* context) const {
  SSL_CTX_use_certificate(context, parts_->chain.front().get());
  for (std::size_t i = 1; i < parts_->chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, parts_->chain[i].get());
  }
  SSL_CTX_use_PrivateKey(context, parts_->key.get());
}

}  // namespace sb::kube
