// A Transport that swallows one watch event, as a bug would: the oracle must find it, else it
// proves nothing (`e2e/chaos/run watch --sabotage`).
//
// Thread-safe.
#pragma once

#include <atomic>

#include "operator/kube/transport.h"

namespace sb::chaos {

class LossyTransport : public kube::Transport {
 public:
  // Swallows event number `lose` of all streams together, bookmarks not counted; 0: none.
  // `inner` must outlive this.
  LossyTransport(kube::Transport& inner, long long lose) : inner_(inner), lose_(lose) {}

  Expected<kube::Response> Send(const kube::Request& request, Duration deadline,
                                std::stop_token stop) override;
  Expected<kube::Response> Stream(const kube::Request& request,
                                  const kube::StreamHandlers& handlers,
                                  std::stop_token stop) override;

 private:
  kube::Transport& inner_;
  const long long lose_;
  std::atomic<long long> seen_ = 0;
};

}  // namespace sb::chaos
