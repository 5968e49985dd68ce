// Deadlines for work that takes a stop_token: requests stop when the time is up.
//
//   StopTimer timer;
//   std::stop_source source;
//   auto armed = timer.Arm(source, 30s);
//   Reconcile(key, source.get_token());   // `armed` takes the deadline back when it goes
//
// Thread-safe. One thread for any number of deadlines; real time, as what it limits is.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "common/time.h"

namespace sb::kube {

class StopTimer {
  using Place = std::pair<TimePoint, std::uint64_t>;

 public:
  class Armed {
   public:
    ~Armed() { timer_.Disarm(place_); }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;

   private:
    friend class StopTimer;
    Armed(StopTimer& timer, Place place) : timer_(timer), place_(place) {}
    StopTimer& timer_;
    const Place place_;
  };

  StopTimer();
  ~StopTimer();

  // The timer must outlive what this returns.
  [[nodiscard]] Armed Arm(std::stop_source source, Duration after);

 private:
  void Disarm(const Place& place);
  void Run(std::stop_token stop);

  std::mutex deadlines_mutex_;
  std::condition_variable_any changed_;
  std::map<Place, std::stop_source> deadlines_;
  std::uint64_t made_ = 0;
  std::jthread thread_;
};

}  // namespace sb::kube
