// A clock for tests that moves when told to, and when somebody sleeps. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>

#include "common/time.h"

namespace sb {

class FakeClock : public Clock {
 public:
  // `began`: the wall time that it shows first.
  explicit FakeClock(WallTime began = WallTime(std::chrono::seconds(1'766'000'000)))
      : began_(began) {}

  TimePoint Now() const override {
    std::lock_guard lock(time_mutex_);
    return TimePoint() + std::chrono::hours(100) + elapsed_;
  }
  WallTime WallNow() const override {
    std::lock_guard lock(time_mutex_);
    return began_ + std::chrono::duration_cast<WallTime::duration>(elapsed_ + wall_offset_);
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
  const WallTime began_;
  mutable std::mutex time_mutex_;
  mutable Duration elapsed_{};
  Duration wall_offset_{};
};

}  // namespace sb
