// Growing, jittered delays between attempts of one stream. A value: copy it, test it.
//
//   Backoff backoff({.base = 800ms}, seed);
//   Duration wait = backoff.Next(clock.Now());   // in [0.8 s, 1.6 s), then [1.6 s, 3.2 s), …
//
// Starts over after `reset_after` without a call. Never shared between streams: one broken stream
// must not slow the rest.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "common/time.h"

namespace sb::kube {

struct BackoffConfig {
  Duration base = std::chrono::milliseconds(800);
  double factor = 2.0;
  Duration cap = std::chrono::seconds(30);  // of the delay before jitter
  double jitter = 1.0;                      // the delay d becomes one of [d, d * (1 + jitter))
  Duration reset_after = std::chrono::minutes(2);
};

class Backoff {
 public:
  explicit Backoff(BackoffConfig config = {}, std::uint32_t seed = 1);
  Duration Next(TimePoint now);
  // A number in [0, 1) from the same source.
  double Random();

 private:
  BackoffConfig config_;
  std::minstd_rand random_;
  Duration next_;
  std::optional<TimePoint> last_;
};

}  // namespace sb::kube
