// Transport over cpprestsdk 2.10. The only file of this library that includes it is
// cpprest_transport.cc, and its traps stay there (facts in the comments of that file).
//
//   PrepareProcess();                       // in main, before any thread
//   auto transport = MakeTransport(*config);
//
// Threads: a pool of 4 for the whole process, nothing per transport. Memory: one TLS connection per
// stream, and a small pool of idle ones for requests. Calls block the calling thread, never a pool
// thread.
#pragma once

#include <memory>

#include "common/error.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/transport.h"

namespace sb::kube {

// Sets the size of cpprestsdk's pool (it would be 40 threads) and keeps OpenSSL from parsing the
// system's CA bundle on every new connection (50 ms, 0.8 MB each): SSL_CERT_FILE and SSL_CERT_DIR
// then point nowhere for this process, and whoever wants the system's roots loads them by
// SystemCaFile(). Idempotent; call it first in main. MakeTransport calls it too.
void PrepareProcess(int threads = 4);

// The system's CA bundle as it was before PrepareProcess: $SSL_CERT_FILE or OpenSSL's default.
const std::string& SystemCaFile();

// kInvalidArgument if `server` is no URL or a certificate, key or CA cannot be parsed.
Expected<std::unique_ptr<Transport>> MakeTransport(const ClusterConfig& config,
                                                   const Clock& clock = SystemClock());

}  // namespace sb::kube
