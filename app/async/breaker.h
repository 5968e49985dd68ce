// A circuit breaker: after some failures in a row nothing is tried for a while, then one at a time
// until one succeeds. The pauses grow, with jitter, so that many processes do not probe in step.
//
//   if (!breaker.Allow(now)) return Fail(kUnavailable, …);      // at once, instead of a time-out
//   …
//   ok ? breaker.Succeeded() : breaker.Failed(now);
//
// Whoever was allowed must report. A probe that never does is replaced after `probe_most`.
#pragma once

#include <chrono>

#include "app/async/backoff.h"

namespace todo::async {

struct BreakerLimits {
  int failures = 3;  // in a row
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds most_pause{2'000};
  std::chrono::milliseconds probe_most{10'000};
};

class Breaker {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class State { kClosed, kOpen, kHalfOpen };

  explicit Breaker(BreakerLimits limits = {})
      : limits_(limits), pauses_(limits.first_pause, limits.most_pause) {}

  bool Allow(TimePoint now) {
    if (state_ == State::kClosed) return true;
    if (now < until_) return false;
    state_ = State::kHalfOpen;  // this one finds out
    until_ = now + limits_.probe_most;
    return true;
  }
  void Succeeded() {
    state_ = State::kClosed;
    failures_ = 0;
    pauses_.Reset();
  }
  void Failed(TimePoint now) {
    // Those that were on their way when it opened add nothing.
    if (state_ == State::kOpen || (state_ == State::kClosed && ++failures_ < limits_.failures)) {
      return;
    }
    state_ = State::kOpen;
    until_ = now + pauses_.Next();
  }
  State state() const { return state_; }

 private:
  const BreakerLimits limits_;
  Backoff pauses_;
  State state_ = State::kClosed;
  int failures_ = 0;
  TimePoint until_{};
};

}  // namespace todo::async
