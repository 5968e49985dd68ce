// Whether the metrics API's slot counts as ours, steadily: a slot that changes hands for a moment
// (a chart that is upgraded, an APIService that is deleted and made again) must not move workloads
// from one engine to the other and back.
//
//   SlotSteadiness steady;
//   bool ours = steady.Observe(state.owner == SlotOwner::kOurs, clock.Now());
//
// The first observation counts at once; another one has to hold for `kHold`. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "common/time.h"

namespace sb::metrics_api {

class SlotSteadiness {
 public:
  static constexpr std::chrono::seconds kHold{60};

  bool Observe(bool ours, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (!steady_) steady_ = ours;
    if (*steady_ == ours) {
      other_since_.reset();
    } else if (!other_since_) {
      other_since_ = now;
    } else if (now - *other_since_ >= kHold) {
      steady_ = ours;
      other_since_.reset();
    }
    return *steady_;
  }

 private:
  std::mutex mutex_;
  std::optional<bool> steady_;
  std::optional<TimePoint> other_since_;
};

}  // namespace sb::metrics_api
