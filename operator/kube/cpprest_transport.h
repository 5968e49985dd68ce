// Transport over cpprestsdk 2.10. Only cpprest_transport.cc and its body_stream.h include it, and
// its traps stay there (facts in the comments of the former).
//
//   PrepareProcess();                       // in main, before any thread
//   auto transport = MakeTransport(*config);
//
// Threads: a pool of one for the whole process, nothing per transport. Memory: one TLS connection
// per stream, and a small pool of idle ones for requests. Calls block the calling thread, never a
// pool thread.
#pragma once

#include <memory>

#include "common/error.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/transport.h"

namespace sb::kube {

// Sets the size of cpprestsdk's pool (it would be 40 threads; nothing of ours blocks in it, so one
// is enough, and each more costs wake-ups: see informer_bench.cc) and hides the system's CA bundle
// from OpenSSL, see tls_environment.h. Idempotent; call it first in main. MakeTransport calls it
// too.
void PrepareProcess(int threads = 1);

// kInvalidArgument if `server` is no URL, or a certificate, key, CA or proxy of the configuration
// is not usable. Files and plugins of the configuration are read and asked again while the
// transport lives (`clock` says when), so certificates, authorities and tokens may rotate under it.
Expected<std::unique_ptr<Transport>> MakeTransport(const ClusterConfig& config,
                                                   const Clock& clock = SystemClock());

}  // namespace sb::kube
