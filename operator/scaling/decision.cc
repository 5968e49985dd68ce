#include "operator/scaling/decision.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operator/scaling/decision_words.h"

namespace sb::scaling {
namespace {

using std::chrono::seconds;

class Decider {
 public:
  Decider(const Policy& policy, const Situation& situation, History history, WallTime now)
      : policy_(policy),
        situation_(situation),
        now_(now),
        current_(situation.current),
        bounds_(BoundsAt(policy.min_replicas, policy.max_replicas, policy.schedules, now)),
        history_(std::move(history)) {}

  Outcome Decide() && {
    Weigh();
    Say();
    Raise();
    return {std::move(decision_), std::move(history_)};
  }

 private:
  const std::string& NameOf(std::size_t index) const { return policy_.metrics[index].name; }

  void Set(int replicas, Rule rule, std::string reason) {
    decision_.replicas = replicas;
    decision_.rule = rule;
    decision_.reason = std::move(reason);
  }

  // The metric that decides, for the status.
  void About(std::size_t index) {
    const Sample& sample = situation_.readings[index].sample;
    decision_.metric = NameOf(index);
    decision_.value = sample.value;
    decision_.target = policy_.metrics[index].target;
    decision_.evidence_age =
        std::max(seconds(0), std::chrono::duration_cast<seconds>(now_ - sample.at));
  }

  Proposal ProposalOf(std::size_t index) const {
    const MetricPolicy& metric = policy_.metrics[index];
    const Reading& reading = situation_.readings[index];
    const Tolerance tolerance{policy_.behavior.up.tolerance, policy_.behavior.down.tolerance};
    if (metric.per_pod) {
      return ForPods(metric.type, metric.target, reading.pods, current_, tolerance);
    }
    return ForTotal(metric.type, metric.target, reading.sample.value, {current_, situation_.ready},
                    tolerance);
  }

  // Reads the evidence: what each metric proposes, which have no say, and whether one is active.
  void Weigh() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < policy_.metrics.size(); ++i) {
      names.push_back(NameOf(i));
      const Sample& sample = situation_.readings[i].sample;
      const bool fresh = sample.evidence == Evidence::kFresh;
      const auto missing = history_.NoteEvidence(NameOf(i), fresh, now_);
      if (fresh) {
        const bool above = sample.value > policy_.metrics[i].activation;
        if (above && !active_) active_ = i;
        // At zero only a metric above its activation has a say.
        if (above || !IsAsleep()) Propose(i, ProposalOf(i), false);
        continue;
      }
      if (policy_.fallback && now_ - *missing >= policy_.fallback->after) {
        Propose(i, {FallbackReplicas(*policy_.fallback, current_), 0, false}, true);
        falling_back_ = true;
        continue;
      }
      if (!silent_) silent_ = i;
    }
    history_.KeepMetrics(names);
    if (!IsInactive()) history_.NoteActive(now_);
  }

  void Propose(std::size_t index, Proposal proposal, bool fallback) {
    if (winner_ && proposal.replicas <= best_.replicas) return;
    winner_ = index;
    best_ = proposal;
    best_is_fallback_ = fallback;
  }

  bool IsAsleep() const { return current_ == 0 && policy_.min_replicas == 0; }
  // Known to be inactive: every metric says so.
  bool IsInactive() const {
    return !active_ && !silent_ && !falling_back_ && !policy_.metrics.empty();
  }
  // With minReplicas 0 the last pod leaves by the rule of inactivity only.
  int Floor() const {
    return policy_.min_replicas == 0 && current_ > 0 ? std::max(bounds_.floor, 1) : bounds_.floor;
  }

  std::string ProposalText() const {
    if (best_is_fallback_) {
      return "fallback: " + NameOf(*winner_) + " has given no evidence for " +
             Span(policy_.fallback->after);
    }
    return Compared(policy_.metrics[*winner_], situation_.readings[*winner_].sample.value);
  }

  void Say() {
    if (winner_) About(*winner_);
    if (policy_.paused) return Set(current_, Rule::kPaused, "autoscaling is paused");
    if (current_ == 0 && policy_.min_replicas > 0 && !situation_.zero_is_ours) {
      return Set(0, Rule::kSwitchedOff,
                 "somebody set the count to 0; scale to 1 or more to switch autoscaling on again");
    }
    const int wanted = Wanted();
    history_.NoteRecommendation(wanted, now_);
    if (current_ > bounds_.ceiling || (current_ < bounds_.floor)) {
      // As in the stock controller: a count outside the bounds is brought inside at once.
      return Clamp(current_, decision_.rule, decision_.reason);
    }
    if (decision_.rule == Rule::kInactive) {
      if (wanted != current_ && now_ - history_.began() < LongestPeriodDown(policy_.behavior)) {
        return WaitToKnow(LongestPeriodDown(policy_.behavior));
      }
      return LimitRateOf(wanted);  // the cooldown has been its window
    }
    const int inside = std::clamp(wanted, Floor(), bounds_.ceiling);
    if (inside == current_) return Clamp(wanted, decision_.rule, decision_.reason);
    Steady(inside);
  }

  // The last step, outside of all others: whatever a guess is worth, what was decided without it is
  // the least that comes out, and nothing of it is remembered.
  void Raise() {
    if (!situation_.anticipated || decision_.rule == Rule::kPaused ||
        decision_.rule == Rule::kSwitchedOff) {
      return;
    }
    const int floor = std::min(situation_.anticipated->replicas, bounds_.ceiling);
    if (floor <= decision_.replicas) return;
    Set(floor, Rule::kAnticipation,
        "raised from " + std::to_string(decision_.replicas) + " to " + std::to_string(floor) +
            " by anticipation: " + situation_.anticipated->why + Instead(decision_.reason));
  }

  // Steps 2 to 4; sets rule and reason.
  int Wanted() {
    if (policy_.min_replicas == 0) {
      if (const auto zero = AroundZero()) return *zero;
    }
    if (!winner_) {
      const std::size_t index = silent_.value_or(0);
      const std::string why =
          policy_.metrics.empty()
              ? "there is no metric"
              : NameOf(index) + " " + Lacks(situation_.readings[index].sample.evidence);
      Set(current_, Rule::kNoEvidence, why + ", so the count stays");
      return current_;
    }
    int wanted = best_.replicas;
    if (silent_ && wanted < current_) {
      Set(current_, Rule::kPartialEvidence,
          NameOf(*silent_) + " " + Lacks(situation_.readings[*silent_].sample.evidence) +
              ", so the count does not go down");
      return current_;
    }
    if (best_is_fallback_) {
      Set(wanted, Rule::kFallback, ProposalText() + ", so " + Pods(wanted));
    } else if (best_.tolerated) {
      Set(wanted, Rule::kTolerance, ProposalText() + ": close enough for " + Pods(wanted));
    } else {
      Set(wanted, Rule::kMetric, ProposalText() + ": " + Pods(wanted));
    }
    return wanted;
  }

  // Where minReplicas is 0: at zero, and inactive above it. Empty: the usual rules hold.
  std::optional<int> AroundZero() {
    if (current_ == 0) {
      if (falling_back_ && best_is_fallback_) return std::nullopt;
      if (active_) {
        const int wanted = std::max(1, best_.replicas);
        Set(wanted, Rule::kActivation,
            NameOf(*active_) + " is " + Number(situation_.readings[*active_].sample.value) +
                ", above its activation of " + Number(policy_.metrics[*active_].activation) + ": " +
                Pods(wanted));
        return wanted;
      }
      if (!IsInactive()) return std::nullopt;
      Set(0, Rule::kInactive, "no metric is above its activation, so there is no pod");
      return 0;
    }
    if (!IsInactive()) return std::nullopt;
    const auto idle = std::chrono::duration_cast<seconds>(now_ - history_.last_active());
    if (now_ - situation_.created < policy_.initial_cooldown) {
      return WaitForZero(Rule::kInitialCooldown,
                         "new, and its initial cooldown is " + Span(policy_.initial_cooldown));
    }
    if (idle < policy_.cooldown) {
      return WaitForZero(Rule::kCooldown, "the cooldown is " + Span(policy_.cooldown));
    }
    if (bounds_.floor > 0) return std::nullopt;
    Set(0, Rule::kInactive,
        "no metric has been above its activation for " + Span(policy_.cooldown) + ", so no pod");
    return 0;
  }

  int WaitForZero(Rule rule, const std::string& why) {
    const int wanted = std::max(1, best_.replicas);
    Set(wanted, rule, "inactive, but " + why + ": " + Pods(wanted));
    return wanted;
  }

  void Steady(int wanted) {
    const Behavior& behavior = policy_.behavior;
    int steady = Stabilize(behavior, current_, wanted, history_, now_);
    // The first pod does not wait.
    if (current_ == 0) steady = std::max(steady, 1);
    if (steady != wanted) {
      const bool down = wanted < current_;
      Set(steady, down ? Rule::kScaleDownWindow : Rule::kScaleUpWindow,
          (winner_ ? ProposalText() + ": " : std::string()) + Pods(wanted) +
              (down ? " once nothing asked for more in the last "
                    : " once that has been asked for during ") +
              Span(down ? behavior.down.window : behavior.up.window));
    }
    const seconds reach = std::max(behavior.down.window, LongestPeriodDown(behavior));
    if (steady < current_ && now_ - history_.began() < reach) return WaitToKnow(reach);
    LimitRateOf(steady);
  }

  void WaitToKnow(seconds reach) {
    Set(current_, Rule::kJustStarted,
        "the operator has watched for less than " + Span(reach) +
            ", so the count does not go down yet");
  }

  void LimitRateOf(int steady) {
    int next = LimitRate(policy_.behavior, current_, steady, history_, now_);
    const ScalingRules& up = policy_.behavior.up;
    if (current_ == 0 && steady > 0 && up.select != SelectPolicy::kDisabled) {
      next = std::max(next, 1);  // a percentage of nothing would never begin
    }
    if (next != steady) {
      const bool growing = steady > current_;
      Set(next, growing ? Rule::kScaleUpPolicy : Rule::kScaleDownPolicy,
          Pods(steady) +
              (growing ? " wanted, but behavior.scaleUp" : " wanted, but behavior.scaleDown") +
              " allows " + Pods(next) + " now");
    }
    Clamp(next, decision_.rule, decision_.reason);
  }

  void Clamp(int replicas, Rule rule, std::string reason) {
    const int floor = decision_.rule == Rule::kInactive ? bounds_.floor : Floor();
    if (replicas > bounds_.ceiling) {
      const bool scheduled = !bounds_.ceiling_from.empty();
      return Set(bounds_.ceiling, scheduled ? Rule::kScheduleCeiling : Rule::kMaxReplicas,
                 (scheduled ? "schedule " + bounds_.ceiling_from + " allows at most "
                            : "maxReplicas is ") +
                     std::to_string(bounds_.ceiling) + Instead(reason));
    }
    if (replicas < floor) {
      const bool scheduled = !bounds_.floor_from.empty() && floor == bounds_.floor;
      std::string text =
          scheduled ? "schedule " + bounds_.floor_from + " wants at least " + std::to_string(floor)
          : policy_.min_replicas == 0
              ? std::string("the last pod stays until the workload is inactive")
              : "minReplicas is " + std::to_string(floor);
      return Set(floor, scheduled ? Rule::kScheduleFloor : Rule::kMinReplicas,
                 std::move(text) + Instead(reason));
    }
    Set(replicas, rule, std::move(reason));
  }

  static std::string Instead(const std::string& reason) {
    return reason.empty() ? "" : " (" + reason + ")";
  }

  const Policy& policy_;
  const Situation& situation_;
  const WallTime now_;
  const int current_;
  const Bounds bounds_;
  History history_;
  Decision decision_;

  std::optional<std::size_t> winner_;  // the metric with the greatest proposal
  Proposal best_;
  bool best_is_fallback_ = false;
  bool falling_back_ = false;          // some metric counts as its fallback
  std::optional<std::size_t> silent_;  // the first metric that has no say
  std::optional<std::size_t> active_;  // the first metric that is active
};

}  // namespace

int FallbackReplicas(const api::Fallback& fallback, int current) {
  switch (fallback.kind) {
    case api::FallbackKind::kStatic:
      return fallback.replicas;
    case api::FallbackKind::kCurrent:
      return current;
    case api::FallbackKind::kCurrentIfHigher:
      return std::max(current, fallback.replicas);
    case api::FallbackKind::kCurrentIfLower:
      return std::min(current, fallback.replicas);
  }
  return current;
}

Outcome Decide(const Policy& policy, const Situation& situation, History history, WallTime now) {
  return Decider(policy, situation, std::move(history), now).Decide();
}

}  // namespace sb::scaling
