// How long to wait before the next attempt: doubles from `first` to `most`, with full jitter (AWS
// Builders' Library), so that a hundred clients of a restarted server do not come back in step.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace todo::async {

class Backoff {
 public:
  using milliseconds = std::chrono::milliseconds;

  Backoff(milliseconds first, milliseconds most) : first_(first), most_(most), ceiling_(first) {}

  // Between half the present ceiling and the ceiling.
  milliseconds Next() {
    std::uniform_int_distribution<long long> jitter(ceiling_.count() / 2, ceiling_.count());
    const milliseconds wait(jitter(random_));
    ceiling_ = std::min(ceiling_ * 2, most_);
    return wait;
  }
  void Reset() { ceiling_ = first_; }

 private:
  const milliseconds first_, most_;
  milliseconds ceiling_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace todo::async
