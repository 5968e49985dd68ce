// The operator's process: starts the parts in order, waits for a signal, stops them in order.
//
// Order: probes and metrics -> metrics API -> watches (warm on every replica) -> election ->
// workers. Stopping: workers -> Lease released -> watches -> servers, so that the next leader
// starts at once and nobody writes without the Lease.
#pragma once

#include <string>

#include "operator/kube/transport.h"
#include "operator/process/run_options.h"

namespace sb::process {

// Blocks SIGTERM and SIGINT in the calling thread and those that it starts; call it in main, before
// any thread. Returns the process' exit code: 0 after a signal, 1 if it could not start. A lost
// Lease ends the process at once with code 1: whatever it was doing, somebody else may be doing it
// too.
int Run(const RunOptions& options);

// The same against a server that the caller has ways to. Election has a way of its own, so that a
// busy operator still renews its Lease.
struct ApiServer {
  std::string host;  // for metrics
  kube::Transport& work;
  kube::Transport& election;
};
int Run(const RunOptions& options, const ApiServer& server);

}  // namespace sb::process
