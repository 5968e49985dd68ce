// What this process tells OpenSSL, and what the programs it starts must not inherit of it.
#pragma once

#include <string>
#include <vector>

namespace sb::kube {

// Keeps OpenSSL from parsing the system's CA bundle on every new connection (50 ms, 0.8 MB each):
// SSL_CERT_FILE and SSL_CERT_DIR then point nowhere for this process. Idempotent; call it before
// other threads run, as the environment has no lock. The functions below call it.
void HideSystemRoots();

// The system's CA bundle as it was before: $SSL_CERT_FILE or OpenSSL's default.
const std::string& SystemCaFile();

// This process's environment ("NAME=value") as it was before, for a child: one that speaks TLS
// would trust nobody.
std::vector<std::string> EnvironmentForChildren();

}  // namespace sb::kube
