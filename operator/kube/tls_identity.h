// The client's side of TLS to one API server: whom it trusts and who it is. Parsed once and shared
// by all connections, so that a connection costs no parsing and no copy.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/error.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/rotating_file.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sb::kube {

class TlsIdentity {
 public:
  // kInvalidArgument if a certificate or a key cannot be parsed, or they do not belong together.
  static Expected<std::unique_ptr<TlsIdentity>> Make(const ClusterConfig& config,
                                                     const Clock& clock);
  ~TlsIdentity();

  // Sets up a new connection's context: TLS 1.2 or newer, our trust store in place of whatever is
  // there, our certificate. Thread-safe. Reads a CA file again when it is due; new connections then
  // use it.
  void Configure(ssl_ctx_st* context);

  // Why the last handshake failed, as far as TLS says ("unknown CA: unable to get local issuer
  // certificate"); "".
  std::string LastAlert() const;

 private:
  struct Parsed;
  TlsIdentity();
  static void OnAlert(const ssl_st* connection, int where, int alert);

  std::unique_ptr<RotatingFile> ca_file_;
  mutable std::mutex parsed_mutex_;
  std::unique_ptr<Parsed> parsed_;
  std::string last_alert_;
};

}  // namespace sb::kube
