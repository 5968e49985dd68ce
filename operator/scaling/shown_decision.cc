#include "operator/scaling/shown_decision.h"

namespace sb::scaling {
namespace {

// The metric's own say, within its tolerance or not, is one story.
Rule Story(Rule rule) { return rule == Rule::kTolerance ? Rule::kMetric : rule; }

}  // namespace

bool ShownDecision::Offer(const Decision& decision, WallTime now) {
  if (!shown_ || shown_->replicas != decision.replicas) {
    Show(decision, now);
    return true;
  }
  if (Story(shown_->rule) == Story(decision.rule)) {
    other_.reset();
    return false;
  }
  if (other_ != Story(decision.rule)) {
    other_ = Story(decision.rule);
    other_since_ = now;
    return false;
  }
  if (now - other_since_ < kSettle) return false;
  Show(decision, now);
  return true;
}

void ShownDecision::Show(const Decision& decision, WallTime now) {
  shown_ = decision;
  since_ = now;
  other_.reset();
}

}  // namespace sb::scaling
