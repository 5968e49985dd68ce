// A clock whose time passes only while somebody waits, and a calendar of what happens meanwhile: a
// simulation on one thread, the same on every run and as fast as the machine.
//
//   VirtualTime time;
//   FakeApiServer server(time);
//   server.OnIdle([&](TimePoint until) { time.PassUntilNext(until); });
//   time.After(5s, [&] { server.Put(Pods(), pod); });
//   time.After(10min, [&] { stop.request_stop(); });
//   informer.Run(stop.get_token());      // ten minutes, at once
//
// One thread. What is on the calendar may add to it, but must not wait itself.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "common/time.h"

namespace sb::kube {

class VirtualTime : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  WallTime WallNow() const override {
    return WallTime() + std::chrono::hours(24 * 365 * 56) +
           std::chrono::duration_cast<WallTime::duration>(now_ - kBegin + wall_offset_);
  }
  void Sleep(Duration delay, std::stop_token stop) const override {
    const TimePoint end = now_ + delay;
    while (now_ < end && !stop.stop_requested()) PassUntilNext(end);
  }

  // Does `what` when it is `when`; at once if that has passed, but not before the next wait. Things
  // that are due at the same time happen in the order in which they were added.
  void At(TimePoint when, std::function<void()> what) {
    calendar_.emplace(when < now_ ? now_ : when, std::move(what));
  }
  void After(Duration delay, std::function<void()> what) { At(now_ + delay, std::move(what)); }

  // Lets time pass until one thing on the calendar has happened, or until `until`.
  void PassUntilNext(TimePoint until) const {
    const auto next = calendar_.begin();
    if (next == calendar_.end() || next->first > until) {
      if (until > now_) now_ = until;
      return;
    }
    if (next->first > now_) now_ = next->first;
    const std::function<void()> what = std::move(next->second);
    calendar_.erase(next);
    what();
  }

  // What an administrator or NTP does; monotonic time does not notice.
  void JumpWall(Duration by) { wall_offset_ += by; }

 private:
  static constexpr TimePoint kBegin = TimePoint() + std::chrono::hours(1);

  mutable TimePoint now_ = kBegin;
  mutable std::multimap<TimePoint, std::function<void()>> calendar_;
  Duration wall_offset_{};
};

}  // namespace sb::kube
