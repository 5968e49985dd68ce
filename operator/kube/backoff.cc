#include "operator/kube/backoff.h"

#include <algorithm>

namespace sb::kube {

Backoff::Backoff(BackoffConfig config, std::uint32_t seed)
    : config_(config), random_(seed), next_(config.base) {}

double Backoff::Random() {
  // minstd_rand gives 1 … 2^31 - 2; our own division because distributions differ between
  // libraries.
  return static_cast<double>(random_() - 1) / 2147483646.0;
}

Duration Backoff::Next(TimePoint now) {
  if (last_ && now - *last_ >= config_.reset_after) next_ = config_.base;
  last_ = now;
  const auto base = static_cast<double>(next_.count());
  const auto cap = static_cast<double>(config_.cap.count());
  next_ = Duration(static_cast<Duration::rep>(std::min(base * config_.factor, cap)));
  return Duration(static_cast<Duration::rep>(base * (1.0 + config_.jitter * Random())));
}

}  // namespace sb::kube
