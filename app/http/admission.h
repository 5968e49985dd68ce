// How many requests one thread works on at once. More than the machine can serve would make every
// client wait until it gives up; so what comes beyond the limit is refused at once (503), and the
// rest keeps its speed.
//
//   if (!admission.Admit()) co_return Unavailable();
//   … handle …
//   admission.Finished(took, now);
//
// The limit follows what it sees, as CoDel (RFC 8289 §4) does: when even the fastest request of
// each of several windows in a row took longer than the target, there is a standing queue, and the
// limit shrinks by a tenth with each more; otherwise it grows by as much as was needed. A slow
// route among fast ones therefore never counts as overload, and neither does a moment without the
// CPU (another pod starts, a CFS quota is used up), whose queue is gone before anybody who was
// refused would be back. Pure; one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "common/time.h"

namespace todo::http {

struct AdmissionOptions {
  std::size_t least = 64;  // in flight; that many always fit
  std::size_t most = 4096;
  sb::Duration target = std::chrono::milliseconds(50);
  sb::Duration window = std::chrono::milliseconds(100);
  int slow_windows = 5;  // in a row, before it is a standing queue
};

class Admission {
 public:
  explicit Admission(AdmissionOptions options = {}) : options_(options), limit_(options.most) {}

  // False: refuse it, and do not report it finished.
  bool Admit() {
    if (in_flight_ >= limit_) return false;
    peak_ = std::max(peak_, ++in_flight_);
    return true;
  }

  // `counts`: false for requests whose time says nothing about the queue (waiting is their work).
  void Finished(sb::Duration took, sb::TimePoint now, bool counts = true);

  std::size_t limit() const { return limit_; }
  std::size_t in_flight() const { return in_flight_; }

 private:
  const AdmissionOptions options_;
  std::size_t limit_;
  std::size_t in_flight_ = 0;
  // Of the present window:
  std::size_t peak_ = 0;
  sb::Duration fastest_ = sb::Duration::max();
  sb::TimePoint window_ends_{};
  int slow_windows_ = 0;  // in a row, until now
};

}  // namespace todo::http
