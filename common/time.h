// Time as a value. Intervals are measured on the monotonic clock, what people read is wall time,
// and both come from a Clock, so that tests own the time.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace sb {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime WallNow() const = 0;
  // Returns once `delay` has passed, or at once when `stop` is requested.
  virtual void Sleep(Duration delay, std::stop_token stop) const = 0;
};

// The machine's clock; lives for ever.
const Clock& SystemClock();

// RFC 3339 in UTC, as Kubernetes writes metav1.Time ("2026-11-23T14:40:00Z") and MicroTime (with 6
// digits).
std::string FormatTime(WallTime time);
std::string FormatMicroTime(WallTime time);
std::optional<WallTime> ParseTime(std::string_view text);

}  // namespace sb
