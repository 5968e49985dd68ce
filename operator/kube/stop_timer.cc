#include "operator/kube/stop_timer.h"

namespace sb::kube {

StopTimer::StopTimer() : thread_([this](std::stop_token stop) { Run(stop); }) {}

StopTimer::~StopTimer() {
  thread_.request_stop();
  thread_.join();
}

StopTimer::Armed StopTimer::Arm(std::stop_source source, Duration after) {
  std::lock_guard lock(deadlines_mutex_);
  const Place place{SystemClock().Now() + after, ++made_};
  const bool first = deadlines_.empty() || place < deadlines_.begin()->first;
  deadlines_.emplace(place, std::move(source));
  if (first) changed_.notify_all();
  return {*this, place};
}

void StopTimer::Disarm(const Place& place) {
  std::lock_guard lock(deadlines_mutex_);
  deadlines_.erase(place);  // the thread finds out by itself
}

void StopTimer::Run(std::stop_token stop) {
  std::unique_lock lock(deadlines_mutex_);
  while (!stop.stop_requested()) {
    if (deadlines_.empty()) {
      changed_.wait(lock, stop, [&] { return !deadlines_.empty(); });
      continue;
    }
    const Place first = deadlines_.begin()->first;
    if (SystemClock().Now() < first.first) {
      changed_.wait_until(lock, stop, first.first,
                          [&] { return deadlines_.empty() || deadlines_.begin()->first < first; });
      continue;
    }
    std::stop_source source = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    lock.unlock();
    source.request_stop();  // runs other people's callbacks
    lock.lock();
  }
}

}  // namespace sb::kube
