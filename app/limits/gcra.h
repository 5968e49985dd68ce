// The generic cell rate algorithm: a limit without windows, kept in one number for each who is
// limited. Each request moves the "theoretical arrival time" one interval on; a request is refused
// when that would be more than a whole window ahead of now. So `quota` may come at once, and then
// one each `window / quota`.
//
//   Rate rate = *ParseRate("5/minute");
//   std::int64_t arrival = 0;                          // microseconds; 0: never came
//   Level level = Take(rate, now_us, arrival);         // level.allowed, level.Remaining(rate), …
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace todo::limits {

struct Rate {
  std::int64_t quota;
  std::chrono::seconds window;

  std::int64_t window_us() const { return std::chrono::microseconds(window).count(); }
  std::int64_t interval_us() const { return std::max<std::int64_t>(1, window_us() / quota); }
  bool operator==(const Rate&) const = default;
};

// "5/minute", "100/10s", "1000/hour"; seconds of a window: 1 to 86400. Nothing: not a rate.
std::optional<Rate> ParseRate(std::string_view text);

// Where somebody stands after a request.
struct Level {
  bool allowed = true;
  std::int64_t ahead_us = 0;  // of the arrival time before now: what of the window is used up

  // Requests that could follow at once.
  std::int64_t Remaining(const Rate& rate) const {
    return std::max<std::int64_t>(0, (rate.window_us() - ahead_us) / rate.interval_us());
  }
  // Until the whole quota is there again.
  std::int64_t ResetSeconds() const { return (ahead_us + 999'999) / 1'000'000; }
  // Of a refused one: until the next would be allowed, at least 1.
  std::int64_t RetrySeconds(const Rate& rate) const {
    const std::int64_t wait = ahead_us + rate.interval_us() - rate.window_us();
    return std::max<std::int64_t>(1, (wait + 999'999) / 1'000'000);
  }
};

inline Level Take(const Rate& rate, std::int64_t now_us, std::int64_t& arrival_us) {
  // More than a window ahead cannot be, unless the rate was lowered or a clock went back.
  const std::int64_t from = std::clamp(arrival_us, now_us, now_us + rate.window_us());
  const std::int64_t next = from + rate.interval_us();
  if (next - rate.window_us() > now_us) return {false, from - now_us};
  arrival_us = next;
  return {true, next - now_us};
}

}  // namespace todo::limits
