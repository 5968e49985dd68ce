// Where a process stands, as its probes tell it. Thread-safe.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "common/http/server.h"

namespace todo {

class Lifecycle {
 public:
  // Ready when `dependencies` have each been reached once. Once is enough: when a database goes
  // away later, every pod loses it, and a Service without endpoints would refuse clients instead of
  // asking them to retry.
  Lifecycle(int dependencies, std::string waits_for)
      : missing_(dependencies), waits_for_(std::move(waits_for)) {}

  void Reached() { missing_.fetch_sub(1); }
  void StartDraining() { draining_.store(true); }
  bool draining() const { return draining_.load(); }
  bool ready() const { return !draining() && missing_.load() <= 0; }

  // The answer to /livez and /readyz; none for other paths. /livez asks no dependency: a restart
  // does not bring a database back.
  std::optional<sb::http::Response> AnswerProbe(const sb::http::Request& request) const;

 private:
  std::atomic<int> missing_;
  std::atomic<bool> draining_{false};
  const std::string waits_for_;
};

}  // namespace todo
