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
constexpr int kPastDays = 14;
constexpr int kPastStep = 60;
constexpr int kHoliday = 4;  // so many days before
constexpr int kOddDay = 9;

// Requests per second that arrive at second `t` of the day.
using Load = std::function<double(int t)>;

double Hump(int t, double hour, double width_hours) {
  const double distance = (t / 3600.0 - hour) / width_hours;
  return std::exp(-distance * distance);
}

double Daily(int t) { return 1200 - 1000 * std::cos(2 * std::numbers::pi * (t / 3600.0 - 3) / 24); }

// The load of the day itself (0), or of one before: its noise and what does not recur are others.
using LoadOf = std::function<Load(int days_before)>;

// What rate(…[1m]) makes of it: the mean of the last minute.
double Rate(const Load& load, int t) {
  double sum = 0;
  for (int back = 0; back < kRateWindow; back += 5) sum += load(std::max(0, t - back));
  return std::max(0.0, sum / (kRateWindow / 5));
}

WallTime Begin() { return *ParseTime("2026-11-24T00:00:00Z"); }

Series Sampled(const Load& load, const std::function<bool(int)>& seen) {
  Series series{"rate", {}};
  for (int t = 0; t <= kDay; t += kStep) {
    series.points.push_back(
        {Begin() + std::chrono::seconds(t), seen(t) ? std::optional(Rate(load, t)) : std::nullopt});
  }
  return series;
}

Series Past(const LoadOf& load_of) {
  std::mt19937 random(5);
  Series series{"rate", {}};
  for (int before = kPastDays; before >= 1; --before) {
    const double level = before == kHoliday  ? 0.2
                         : before == kOddDay ? 2.0
                                             : 0.85 + 0.3 * (random() / 4294967295.0);
    const int late = static_cast<int>(random() % 1200) - 600;
    const Load load = load_of(before);
    for (int t = 0; t < kDay; t += kPastStep) {
      series.points.push_back({Begin() + std::chrono::seconds(t - before * kDay),
                               level * Rate(load, std::clamp(t - late, 0, kDay - 1))});
    }
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
  int span_;
  std::vector<double> values_;
};

}  // namespace

std::vector<Day> SyntheticDays() {
  const auto always = [](int) { return true; };
  std::vector<Day> days;
  const auto add = [&](const char* name, const LoadOf& load_of,
                       const std::function<bool(int)>& seen) {
    days.push_back({name, Sampled(load_of(0), seen), Past(load_of)});
  };
  const auto every_day = [](Load load) -> LoadOf { return [load](int) { return load; }; };
  // A day's own noise.
  const auto seed = [](unsigned first, int before) {
    return first + 100 * static_cast<unsigned>(before);
  };
  add("steps", every_day([](int t) { return 400.0 + 500 * ((t / 7200) % 4); }), always);
  add("ramps", every_day([](int t) { return 300 + 2400.0 * std::abs((t % 14'400) - 7200) / 7200; }),
      always);
  add(
      "spikes",
      [=](int before) -> Load {
        return [spikes = Noise(seed(3, before), 1800)](int t) {
          return 400 + (t % 1800 < 240 && spikes.At(t) > 0 ? 3000 * spikes.At(t) : 0);
        };
      },
      always);
  add("diurnal", every_day(Daily), always);
  add(
      "noisy",
      [=](int before) -> Load {
        return [fast = Noise(seed(1, before), 20)](int t) { return 1200 + 700 * fast.At(t); };
      },
      always);
  add(
      "noisy-diurnal",
      [=](int before) -> Load {
        return [fast = Noise(seed(1, before), 20)](int t) {
          return Daily(t) * (1 + 0.3 * fast.At(t));
        };
      },
      always);
  add("office", every_day([](int t) {
        return 150 + 1800 * Hump(t, 10, 1.5) + 1500 * Hump(t, 15, 2) +
               (t > 28'800 && t < 64'800 ? 300 : 0);
      }),
      always);
  add(
      "flash-crowd",
      [](int before) -> Load {
        if (before > 0) return [](int) { return 300.0; };
        return [](int t) {
          return 300 + (t > 43'200 && t < 50'400 ? 4000 * std::min(1.0, (t - 43'200) / 60.0) : 0);
        };
      },
      always);
  add(
      "drifting",
      [=](int before) -> Load {
        return [slow = Noise(seed(2, before), 300), fast = Noise(seed(1, before), 20)](int t) {
          return 900 + 600 * slow.At(t) + 300 * fast.At(t);
        };
      },
      always);
  add("outage", every_day(Daily),
      [](int t) { return !(t > 50'400 && t < 54'000) && !(t > 20'000 && t < 20'600); });
  return days;
}

}  // namespace sb::simulate
