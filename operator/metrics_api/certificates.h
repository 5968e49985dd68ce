// The certificates of the metrics API: an authority of our own signs one serving certificate and is
// thrown away; its successor comes with the next certificate, and clients trust both meanwhile.
//
//   auto set = MakeCertificates(DnsNames("scalablebackend-system"), clock.WallNow());
//   if (NeedsRotation(set->certificate_pem, now)) set = MakeCertificates(names, now, set->ca_pem);
//
// Pure but for OpenSSL's randomness. ECDSA P-256.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::metrics_api {

struct CertificateSet {
  std::string ca_pem;         // signed certificate_pem
  std::string ca_bundle_pem;  // what clients trust: ca_pem, then the authority before it
  std::string certificate_pem;
  std::string private_key_pem;
};

inline constexpr std::chrono::hours kCertificateLife{24 * 90};
// Begin this much earlier than now: clocks differ.
inline constexpr std::chrono::hours kCertificateBackdate{1};

// What the API server calls us: SERVICE.NAMESPACE.svc and its long form.
std::vector<std::string> DnsNames(const std::string& namespace_name);

// A new authority and a certificate for `dns_names`, valid from now for kCertificateLife.
// `previous_ca_pem` goes into the bundle. kInternal if OpenSSL fails.
Expected<CertificateSet> MakeCertificates(const std::vector<std::string>& dns_names, WallTime now,
                                          const std::string& previous_ca_pem = "");

// Why `set` cannot be served, or empty: unreadable, key and certificate apart, not signed by its
// authority, that not in the bundle, expired, or for other names.
std::string Defect(const CertificateSet& set, const std::vector<std::string>& dns_names,
                   WallTime now);

// Two thirds of the certificate's life are over, or it is none.
bool NeedsRotation(const std::string& certificate_pem, WallTime now);

}  // namespace sb::metrics_api
