// How a client proves who it is, request by request: a token, a certificate, both or neither, from
// the configuration, from files that rotate or from a plugin.
//
//   auto source = MakeCredentials(config);
//   auto credentials = (*source)->Get(deadline, stop);
//   … send with credentials->authorization on a connection that presents credentials->certificate …
//   if (response.status == 401) (*source)->NoteRefused(*credentials);
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/time.h"
#include "operator/kube/client_certificate.h"
#include "operator/kube/cluster_config.h"

namespace sb::kube {

struct Credentials {
  std::string authorization = {};  // value of the header, a secret; "": none
  // Null: none. Another object when it has rotated: a connection proves who opened it for as long
  // as it lives, so those made with the old one have to be closed.
  std::shared_ptr<const ClientCertificate> certificate = {};
};

// Thread-safe.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  // What to send now. May have to wait for a plugin: until `deadline` of the real clock
  // (kDeadlineExceeded) or `stop` (kCancelled). kUnavailable: there is nothing to send, with the
  // reason; it may work later.
  virtual Expected<Credentials> Get(TimePoint deadline, std::stop_token stop) = 0;

  // The server took `used` for nobody (401, or TLS refused the certificate): the next Get looks for
  // newer ones.
  virtual void NoteRefused(const Credentials& used) = 0;
};

// kInvalidArgument if a certificate or key of the configuration is not usable. Transports with the
// same plugin share what it says.
Expected<std::shared_ptr<CredentialSource>> MakeCredentials(const ClusterConfig& config,
                                                            const Clock& clock = SystemClock());

// "Bearer …" from a token, which may have white space around it. "" if there is none, or it holds
// characters that would end the header.
std::string BearerAuthorization(std::string_view token);

}  // namespace sb::kube
