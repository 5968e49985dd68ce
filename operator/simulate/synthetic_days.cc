#include "operator/simulate/synthetic_days.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <utility>

namespace sb::simulate {
namespace {

constexpr int kStep = 15;
constexpr int kDay = 86'400;
constexpr int kRateWindow = 60;

// Requests per second that arrive at second `t` of the day.
using Load = std::function<double(int t)>;

double Hump(int t, double hour, double width_hours) {
  const double distance = (t / 3600.0 - hour) / width_hours;
  return std::exp(-distance * distance);
}

double Daily(int t) { return 1200 - 1000 * std::cos(2 * std::numbers::pi * (t / 3600.0 - 3) / 24); }

// What rate(…[1m]) makes of it: the mean of the last minute.
Series Sampled(std::string name, const Load& load, const std::function<bool(int)>& seen) {
  Series series{std::move(name), {}};
  const WallTime begin = *ParseTime("2026-11-24T00:00:00Z");
  for (int t = 0; t <= kDay; t += kStep) {
    double sum = 0;
    for (int back = 0; back < kRateWindow; back += 5) sum += load(std::max(0, t - back));
    std::optional<double> value = std::max(0.0, sum / (kRateWindow / 5));
    if (!seen(t)) value.reset();
    series.points.push_back({begin + std::chrono::seconds(t), value});
  }
  return series;
}

// Noise that is a function of the second, so that overlapping windows see the same.
class Noise {
 public:
  Noise(unsigned seed, int span) : span_(span) {
    std::mt19937 random(seed);
    for (int i = 0; i <= kDay / span + 1; ++i) {
      // Sum of uniforms: near enough to normal, and the same with every library.
      double value = 0;
      for (int j = 0; j < 4; ++j) value += random() / 4294967295.0 - 0.5;
      values_.push_back(value);
    }
  }
  double At(int t) const { return values_[static_cast<std::size_t>(t / span_)]; }

 private:
  const int span_;
  std::vector<double> values_;
};

}  // namespace

std::vector<Day> SyntheticDays() {
  const auto always = [](int) { return true; };
  const Noise fast(1, 20);
  const Noise slow(2, 300);
  const Noise spikes(3, 1800);
  std::vector<Day> days;
  const auto add = [&](const char* name, const Load& load, const std::function<bool(int)>& seen) {
    days.push_back({name, Sampled("rate", load, seen)});
  };
  add(
      "steps", [](int t) { return 400.0 + 500 * ((t / 7200) % 4); }, always);
  add(
      "ramps", [](int t) { return 300 + 2400.0 * std::abs((t % 14'400) - 7200) / 7200; }, always);
  add(
      "spikes",
      [&](int t) { return 400 + (t % 1800 < 240 && spikes.At(t) > 0 ? 3000 * spikes.At(t) : 0); },
      always);
  add("diurnal", Daily, always);
  add(
      "noisy", [&](int t) { return 1200 + 700 * fast.At(t); }, always);
  add(
      "noisy-diurnal", [&](int t) { return Daily(t) * (1 + 0.3 * fast.At(t)); }, always);
  add(
      "office",
      [](int t) {
        return 150 + 1800 * Hump(t, 10, 1.5) + 1500 * Hump(t, 15, 2) +
               (t > 28'800 && t < 64'800 ? 300 : 0);
      },
      always);
  add(
      "flash-crowd",
      [](int t) {
        return 300 + (t > 43'200 && t < 50'400 ? 4000 * std::min(1.0, (t - 43'200) / 60.0) : 0);
      },
      always);
  add(
      "drifting", [&](int t) { return 900 + 600 * slow.At(t) + 300 * fast.At(t); }, always);
  add("outage", Daily,
      [](int t) { return !(t > 50'400 && t < 54'000) && !(t > 20'000 && t < 20'600); });
  return days;
}

}  // namespace sb::simulate
