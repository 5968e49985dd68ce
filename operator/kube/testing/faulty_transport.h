// A Transport with a bad network in front of it: does to another one's answers what a FaultScript
// says, at the level of bytes and on the given clock, and reports it as the real transport would.
//
//   VirtualTime time;
//   FaultyTransport network(server, RandomFaults(seed), time);
//   Client client(network);
//
// Silence passes on the clock (Clock::Sleep): on VirtualTime the world goes on meanwhile and nobody
// waits. As thread-safe as the script, the clock and the other transport.
#pragma once

#include <array>
#include <atomic>

#include "operator/kube/testing/fault_script.h"
#include "operator/kube/transport.h"

namespace sb::kube {

class FaultyTransport : public Transport {
 public:
  // `inner` and `clock` must outlive it.
  FaultyTransport(Transport& inner, FaultScript script, const Clock& clock);

  Expected<Response> Send(const Request& request, Duration deadline, std::stop_token stop) override;
  Expected<Response> Stream(const Request& request, const StreamHandlers& handlers,
                            std::stop_token stop) override;

  // How often each fault has met a request, whether or not it lasted until the fault struck.
  int count(Fault::Kind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

 private:
  Fault Draw(const Request& request);

  Transport& inner_;
  const FaultScript script_;
  const Clock& clock_;
  std::array<std::atomic<int>, kFaultKinds> counts_{};
};

}  // namespace sb::kube
