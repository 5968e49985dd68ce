// A certificate and its key, by which TLS tells the API server who we are. Parsed once and shared
// by all connections, so that a connection costs no parsing and no copy.
//
// Immutable and thread-safe: a rotated certificate is another object.
#pragma once

#include <memory>
#include <string>

#include "common/error.h"

struct ssl_ctx_st;

namespace sb::kube {

class ClientCertificate {
 public:
  // `certificate_pem`: ours first, then those between us and the authority. kInvalidArgument if one
  // of the two cannot be parsed, the key needs a passphrase, or they do not belong together.
  static Expected<std::shared_ptr<const ClientCertificate>> Parse(
      const std::string& certificate_pem, const std::string& key_pem);
  ~ClientCertificate();

  // Makes the connections of `context` present it.
  void Use(ssl_ctx_st* context) const;

 private:
  struct Parts;
  explicit ClientCertificate(std::unique_ptr<const Parts> parts);

  const std::unique_ptr<const Parts> parts_;
};

}  // namespace sb::kube
