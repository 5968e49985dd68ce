#include "common/time.h"

#include <condition_variable>
#include <ctime>
#include <mutex>
#include <string>

namespace sb {
namespace {

class RealClock : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
  void Sleep(Duration delay, std::stop_token stop) const override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, delay, [] { return false; });
  }
};

std::tm Utc(WallTime time) {
  std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

const Clock& SystemClock() {
  static const RealClock clock;
  return clock;
}

std::string FormatTime(WallTime time) {
  std::tm parts = Utc(time);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string FormatMicroTime(WallTime time) {
  std::tm parts = Utc(time);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - whole).count();
  const std::string digits = std::to_string(1'000'000 + micros);  // a leading 1 keeps the zeros
  return std::string(text) + "." + digits.substr(1) + "Z";
}

std::optional<WallTime> ParseTime(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return std::nullopt;
  auto time = std::chrono::system_clock::from_time_t(timegm(&parts));
  if (*rest == '.') {
    long long scale = 100'000;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) {
      time += std::chrono::microseconds((*rest - '0') * scale);
    }
  }
  if (*rest != 'Z') return std::nullopt;
  return time;
}

}  // namespace sb
