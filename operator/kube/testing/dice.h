// Decisions of a simulation, all from one seed and the same with every standard library (unlike
// those of <random>'s distributions).
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <random>

#include "common/time.h"

namespace sb::kube {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}

  // In [0, bound).
  int Below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }
  // In (0, 1).
  double Unit() { return (static_cast<double>(random_()) + 0.5) / 4294967296.0; }
  bool Chance(double of) { return Unit() < of; }
  // Exponentially distributed.
  double Around(double mean) { return -mean * std::log(Unit()); }
  Duration Around(Duration mean) {
    return Duration(static_cast<Duration::rep>(Around(static_cast<double>(mean.count()))));
  }
  template <typename T>
  T One(std::initializer_list<T> of) {
    return *std::next(of.begin(), Below(static_cast<int>(of.size())));
  }

 private:
  std::mt19937 random_;
};

}  // namespace sb::kube
