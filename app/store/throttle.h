// Which statements are not worth sending for the moment: those that ran into their time-outs again
// and again, because a table is locked or a disk is stuck. A statement that succeeds is forgotten,
// so that nothing is looked up while all is well. Loop thread only.
#pragma once

#include <chrono>
#include <unordered_map>

#include "app/async/breaker.h"
#include "common/error.h"

namespace todo::store {

struct Statement;

class Throttle {
 public:
  using TimePoint = async::Breaker::TimePoint;

  explicit Throttle(async::BreakerLimits limits = {}) : limits_(limits) {}

  bool Allow(const Statement& statement, TimePoint now) {
    if (breakers_.empty()) return true;
    const auto found = breakers_.find(&statement);
    return found == breakers_.end() || found->second.Allow(now);
  }
  void Succeeded(const Statement& statement) {
    if (!breakers_.empty()) breakers_.erase(&statement);
  }
  void Failed(const Statement& statement, sb::ErrorCode code, TimePoint now) {
    if (code != sb::ErrorCode::kDeadlineExceeded) return Succeeded(statement);
    breakers_.try_emplace(&statement, limits_).first->second.Failed(now);
  }
  // Of statements that are not sent.
  std::size_t open() const {
    std::size_t count = 0;
    for (const auto& [statement, breaker] : breakers_) {
      count += breaker.state() != async::Breaker::State::kClosed;
    }
    return count;
  }

 private:
  const async::BreakerLimits limits_;
  std::unordered_map<const Statement*, async::Breaker> breakers_;
};

}  // namespace todo::store
