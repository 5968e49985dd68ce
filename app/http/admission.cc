#include "app/http/admission.h"

namespace todo::http {

void Admission::Finished(sb::Duration took, sb::TimePoint now, bool counts) {
  --in_flight_;
  if (counts) fastest_ = std::min(fastest_, took);
  if (now < window_ends_) return;
  const bool first = window_ends_ == sb::TimePoint{};
  if (fastest_ != sb::Duration::max() && !first) {
    const bool slow = fastest_ > options_.target;
    slow_windows_ = slow ? slow_windows_ + 1 : 0;
    if (slow_windows_ >= options_.slow_windows) {
      // From what was really in flight: a limit that nobody reached would shrink for long without
      // effect.
      const std::size_t reached = std::min(limit_, peak_);
      limit_ = std::max(options_.least, reached - reached / 10);
    } else if (!slow && peak_ >= limit_) {
      limit_ = std::min(options_.most, limit_ + std::max<std::size_t>(1, limit_ / 20));
    }
  }
  fastest_ = sb::Duration::max();
  peak_ = in_flight_;
  window_ends_ = now + options_.window;
}

}  // namespace todo::http
