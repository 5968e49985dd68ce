// The client's side of TLS to one API server: whom it trusts, and what became of its handshakes.
// Parsed once and shared by all connections, so that a connection costs no parsing and no copy.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "common/error.h"
#include "operator/kube/client_certificate.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/rotating_file.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sb::kube {

// Thread-safe.
class TlsIdentity {
 public:
  // kInvalidArgument if there is no certificate authority, or it cannot be parsed.
  static Expected<std::unique_ptr<TlsIdentity>> Make(const ClusterConfig& config,
                                                     const Clock& clock);
  ~TlsIdentity();

  // Sets up a new connection's context: TLS 1.2 or newer, our trust store in place of whatever is
  // there, and `certificate` if there is one.
  void Configure(ssl_ctx_st* context, const ClientCertificate* certificate);

  // Changes when whom we trust does: connections made before then were checked by old rules. Reads
  // the CA file again when it is due (after a minute, or when a server was not trusted); one that
  // is empty, cut or not PEM keeps the old authorities.
  std::uint64_t TrustVersion();

  // Whether the server has refused our certificate since the last TakeRefusal. TLS 1.3 says so only
  // after the handshake, when the answer to the request is read.
  bool IsRefused() const { return refused_; }
  bool TakeRefusal() { return refused_.exchange(false); }

  // Why the last handshake failed, as far as TLS says ("unknown CA: unable to get local issuer
  // certificate"); "".
  std::string LastAlert() const;

 private:
  struct Trust;
  TlsIdentity();
  static void OnAlert(const ssl_st* connection, int where, int alert);

  std::unique_ptr<RotatingFile> ca_file_;
  mutable std::mutex trust_mutex_;
  std::unique_ptr<Trust> trust_;
  std::string last_alert_;
  std::atomic<bool> refused_ = false;
};

}  // namespace sb::kube
