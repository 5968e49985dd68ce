// Which decision people are shown while the loop decides every two seconds: the one behind the
// present count. Another rule for the same count is worth a word only once it has held for a while,
// so that a noisy metric does not make a stream of writes.
//
//   ShownDecision shown;
//   if (shown.Offer(decision, now)) WriteStatus(shown.decision(), shown.since());
//
// Not thread-safe.
#pragma once

#include <optional>

#include "operator/scaling/decision.h"

namespace sb::scaling {

class ShownDecision {
 public:
  static constexpr std::chrono::seconds kSettle{15};

  // Whether what is shown has changed.
  bool Offer(const Decision& decision, WallTime now);
  // Empty before the first Offer.
  const std::optional<Decision>& decision() const { return shown_; }
  WallTime since() const { return since_; }

 private:
  void Show(const Decision& decision, WallTime now);

  std::optional<Decision> shown_;
  WallTime since_{};
  std::optional<Rule> other_;  // the rule that has taken over lately
  WallTime other_since_{};
};

}  // namespace sb::scaling
