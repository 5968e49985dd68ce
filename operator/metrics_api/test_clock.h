// For tests: a clock that stands still. Begins at the machine's time, because certificates do.
#pragma once

#include "common/time.h"

namespace sb::metrics_api {

class TestClock : public Clock {
 public:
  TimePoint Now() const override { return start_ + elapsed_; }
  WallTime WallNow() const override { return wall_start_ + elapsed_; }
  void Sleep(Duration delay, std::stop_token) const override { elapsed_ += delay; }
  void Advance(Duration by) { elapsed_ += by; }

 private:
  TimePoint start_ = SystemClock().Now();
  WallTime wall_start_ = SystemClock().WallNow();
  mutable Duration elapsed_{};
};

}  // namespace sb::metrics_api
