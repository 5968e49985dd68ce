// Authorities that sign client certificates, and whom a certificate of theirs names.
//
//   ClientAuthorities authorities(config_map_pem);
//   auto subject = authorities.Verify(request.peer_certificate_pem, clock.WallNow());
//
// Thread-safe. The last certificate that was accepted is remembered for as long as it is valid: a
// caller shows the same one with every request of its connection, and to read and verify it takes
// half of what an answer costs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::metrics_api {

struct CertificateSubject {
  std::string common_name;
  std::vector<std::string> organizations;
};

class ClientAuthorities {
 public:
  // A PEM bundle; each certificate in it is trusted, as Go's x509.CertPool does. What is none is
  // skipped.
  explicit ClientAuthorities(std::string_view bundle_pem);
  ~ClientAuthorities();

  // kUnauthenticated unless one of the authorities signed `certificate_pem` for client
  // authentication and it is valid at `now`.
  Expected<CertificateSubject> Verify(std::string_view certificate_pem, WallTime now) const;

  bool empty() const;

 private:
  struct Store;
  std::unique_ptr<Store> store_;
};

}  // namespace sb::metrics_api
