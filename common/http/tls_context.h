// The TLS side of a server: an OpenSSL context that follows TlsOptions::current(), and what a peer
// proved.
#pragma once

#include <memory>
#include <string>

#include "common/http/server.h"

struct ssl_st;

namespace boost::asio::ssl {
class context;
}

namespace sb::http {

// Loop thread only.
class TlsContext {
 public:
  explicit TlsContext(const TlsOptions& options) : options_(options) {}

  // The context of the current certificate; nullptr while there is none that loads (logged once
  // each).
  std::shared_ptr<boost::asio::ssl::context> Current();

 private:
  const TlsOptions& options_;
  std::shared_ptr<const TlsOptions::Pair> loaded_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

// PEM of the certificate the peer showed in the handshake, or "".
std::string PeerCertificatePem(ssl_st* connection);

}  // namespace sb::http
