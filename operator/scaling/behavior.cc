#include "operator/scaling/behavior.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "operator/api/quantity.h"

namespace sb::scaling {
namespace {

using std::chrono::seconds;

constexpr seconds kMostWindow{3600};
constexpr seconds kMostPeriod{1800};

ScalingRules ReadRules(const Json& spec, ScalingRules rules) {
  if (!spec.is_object()) return rules;
  const auto window = IntAt(spec, {"stabilizationWindowSeconds"}, rules.window.count());
  rules.window = std::clamp(seconds(window), seconds(0), kMostWindow);
  const std::string select = StringAt(spec, {"selectPolicy"});
  if (select == "Min") rules.select = SelectPolicy::kMin;
  if (select == "Disabled") rules.select = SelectPolicy::kDisabled;
  if (const Json* tolerance = Find(spec, {"tolerance"})) {
    const auto quantity = tolerance->is_string()
                              ? api::Quantity::Parse(tolerance->get_ref<const std::string&>())
                              : std::nullopt;
    if (tolerance->is_number()) rules.tolerance = tolerance->get<double>();
    if (quantity) rules.tolerance = static_cast<double>(quantity->milli()) / 1000;
    if (!(rules.tolerance >= 0)) rules.tolerance = 0;
  }
  const Json* policies = Find(spec, {"policies"});
  if (!policies || !policies->is_array() || policies->empty()) return rules;
  std::vector<RatePolicy> read;
  for (const Json& policy : *policies) {
    const auto value = IntAt(policy, {"value"});
    const auto period = IntAt(policy, {"periodSeconds"});
    if (value < 1 || period < 1) continue;
    read.push_back({StringAt(policy, {"type"}) == "Pods" ? RatePolicy::Type::kPods
                                                         : RatePolicy::Type::kPercent,
                    static_cast<int>(std::min(value, 1'000'000LL)),
                    std::min(seconds(period), kMostPeriod)});
  }
  if (!read.empty()) rules.policies = std::move(read);
  return rules;
}

// The count that one policy allows to go up to.
int UpLimit(const RatePolicy& policy, int start) {
  if (policy.type == RatePolicy::Type::kPods) return start + policy.value;
  return static_cast<int>(std::ceil(start * (1 + policy.value / 100.0)));
}

int DownLimit(const RatePolicy& policy, int start) {
  if (policy.type == RatePolicy::Type::kPods) return start - policy.value;
  return static_cast<int>(start * (1 - policy.value / 100.0));
}

// The limit of all policies; empty without any.
template <typename Limit>
std::optional<int> Select(const ScalingRules& rules, int current, const History& history,
                          WallTime now, bool up, Limit limit) {
  std::optional<int> selected;
  for (const RatePolicy& policy : rules.policies) {
    const Changes changes = history.ChangesSince(now - policy.period);
    const int one = limit(policy, current - changes.added + changes.removed);
    const bool greater = (rules.select == SelectPolicy::kMax) == up;
    if (!selected) selected = one;
    selected = greater ? std::max(*selected, one) : std::min(*selected, one);
  }
  return selected;
}

}  // namespace

Behavior DefaultBehavior() {
  Behavior behavior;
  behavior.up.policies = {{RatePolicy::Type::kPercent, 100, seconds(15)},
                          {RatePolicy::Type::kPods, 4, seconds(15)}};
  behavior.down.window = kUnsetDownWindow;
  behavior.down.policies = {{RatePolicy::Type::kPercent, 100, seconds(15)}};
  return behavior;
}

Behavior ParseBehavior(const Json& spec) {
  Behavior behavior = DefaultBehavior();
  const Json* up = Find(spec, {"scaleUp"});
  const Json* down = Find(spec, {"scaleDown"});
  if (up) behavior.up = ReadRules(*up, behavior.up);
  if (down) behavior.down = ReadRules(*down, behavior.down);
  return behavior;
}

int Stabilize(const Behavior& behavior, int current, int wanted, const History& history,
              WallTime now) {
  const int low = std::min(wanted, history.Lowest(now - behavior.up.window).value_or(wanted));
  const int high = std::max(wanted, history.Highest(now - behavior.down.window).value_or(wanted));
  return std::min(std::max(current, low), high);
}

int LimitRate(const Behavior& behavior, int current, int wanted, const History& history,
              WallTime now) {
  if (wanted == current) return current;
  const bool up = wanted > current;
  const ScalingRules& rules = up ? behavior.up : behavior.down;
  if (rules.select == SelectPolicy::kDisabled) return current;
  if (up) {
    const auto limit = Select(rules, current, history, now, true, UpLimit);
    return std::min(wanted, std::max(current, limit.value_or(wanted)));
  }
  const auto limit = Select(rules, current, history, now, false, DownLimit);
  return std::max(wanted, std::min(current, limit.value_or(wanted)));
}

std::chrono::seconds LongestPeriodDown(const Behavior& behavior) {
  seconds longest{0};
  for (const RatePolicy& policy : behavior.down.policies)
    longest = std::max(longest, policy.period);
  return longest;
}

}  // namespace sb::scaling
