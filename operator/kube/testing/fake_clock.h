// A clock that moves when told to, and when somebody sleeps. Thread-safe.
#pragma once

#include <mutex>

#include "common/time.h"

namespace sb::kube {

class FakeClock : public Clock {
 public:
  TimePoint Now() const override {
    std::lock_guard lock(time_mutex_);
    return TimePoint() + std::chrono::hours(1) + elapsed_;
  }
  WallTime WallNow() const override {
    std::lock_guard lock(time_mutex_);
    return WallTime() + std::chrono::hours(24 * 365 * 56) +
           std::chrono::duration_cast<WallTime::duration>(elapsed_ + wall_offset_);
  }
  void Sleep(Duration delay, std::stop_token) const override { Advance(delay); }
  void Advance(Duration by) const {
    std::lock_guard lock(time_mutex_);
    elapsed_ += by;
  }
  // What an administrator or NTP does; monotonic time does not notice.
  void JumpWall(Duration by) {
    std::lock_guard lock(time_mutex_);
    wall_offset_ += by;
  }

 private:
  mutable std::mutex time_mutex_;
  mutable Duration elapsed_{};
  Duration wall_offset_{};
};

}  // namespace sb::kube
