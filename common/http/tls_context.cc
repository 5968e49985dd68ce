#include "common/http/tls_context.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include "common/log.h"

namespace sb::http {
namespace {

namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> Build(const TlsOptions::Pair& pair, bool ask_client_certificate) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  // No resumption: each connection proves its certificate, and no ticket key has to be rotated.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  context->use_certificate_chain(boost::asio::buffer(pair.certificate_chain_pem));
  context->use_private_key(boost::asio::buffer(pair.private_key_pem), ssl::context::pem);
  if (ask_client_certificate) {
    context->set_verify_mode(ssl::verify_peer);
    // The handshake proves that the peer holds the key; who vouches for it is the handler's
    // question.
    context->set_verify_callback([](bool, ssl::verify_context&) { return true; });
  }
  return context;
}

}  // namespace

std::shared_ptr<ssl::context> TlsContext::Current() {
  std::shared_ptr<const TlsOptions::Pair> pair = options_.current ? options_.current() : nullptr;
  if (pair == nullptr) return context_;
  if (pair == loaded_) return context_;
  loaded_ = pair;
  try {
    context_ = Build(*pair, options_.ask_client_certificate);
  } catch (const std::exception& error) {
    // The one before goes on serving: an old certificate beats none.
    log::Error("TLS certificate does not load", {{"error", error.what()}});
  }
  return context_;
}

std::string PeerCertificatePem(ssl_st* connection) {
  std::string pem;
  X509* const certificate = SSL_get1_peer_certificate(connection);
  if (certificate == nullptr) return pem;
  BIO* const memory = BIO_new(BIO_s_mem());
  if (memory != nullptr && PEM_write_bio_X509(memory, certificate) == 1) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    if (size > 0) pem.assign(bytes, static_cast<std::size_t>(size));
  }
  BIO_free(memory);
  X509_free(certificate);
  return pem;
}

}  // namespace sb::http
