#include "operator/scaling/formula.h"

#include <algorithm>
#include <cmath>

namespace sb::scaling {
namespace {

// More than any cluster has; keeps the conversion to int defined.
constexpr double kMostPods = 1e6;

int RoundUp(double pods) {
  // 3.0000000001 pods are 3: what a division leaves in the last digits is no demand.
  return static_cast<int>(std::min(std::ceil(pods - 1e-9 * std::max(1.0, pods)), kMostPods));
}

bool IsTolerated(double ratio, Tolerance tolerance) {
  return ratio >= 1 - tolerance.down && ratio <= 1 + tolerance.up;
}

double AverageOf(api::TargetType type, double sum, int pods) {
  const double average = sum / pods;
  return type == api::TargetType::kAverageUtilization ? std::floor(average + 1e-9) : average;
}

// A ratio above 1 never lowers the count, one below 1 never raises it.
int InDirection(double ratio, int replicas, int current) {
  return ratio > 1 ? std::max(replicas, current) : std::min(replicas, current);
}

}  // namespace

Proposal ForTotal(api::TargetType type, double target, double value, Counts counts,
                  Tolerance tolerance) {
  const bool average = type == api::TargetType::kAverageValue;
  const int current = counts.current;
  if (current == 0) return {RoundUp(value / target), average ? 0 : value / target, false};
  const double ratio = value / (average ? target * current : target);
  if (!average && counts.ready == 0) return {current, ratio, false};
  if (IsTolerated(ratio, tolerance)) return {current, ratio, true};
  const int wanted = RoundUp(average ? value / target : ratio * counts.ready);
  return {InDirection(ratio, wanted, current), ratio, false};
}

Proposal ForPods(api::TargetType type, double target, const std::vector<PodValue>& pods,
                 int current, Tolerance tolerance) {
  double sum = 0;
  int measured = 0;
  int missing = 0;
  int unready = 0;
  for (const PodValue& pod : pods) {
    if (!pod.known) {
      ++missing;
    } else if (!pod.ready) {
      ++unready;
    } else {
      sum += pod.value;
      ++measured;
    }
  }
  if (measured == 0) return {current, 0, false};
  const double ratio = AverageOf(type, sum, measured) / target;
  const bool rebalance = missing > 0 || (unready > 0 && ratio > 1);
  if (!rebalance) {
    if (IsTolerated(ratio, tolerance)) return {current, ratio, true};
    return {InDirection(ratio, RoundUp(ratio * measured), current), ratio, false};
  }
  int counted = measured + missing;
  if (ratio < 1) {
    const double assumed =
        type == api::TargetType::kAverageUtilization ? std::max(100.0, target) : target;
    sum += assumed * missing;
  } else {
    counted += unready;
  }
  const double rebalanced = AverageOf(type, sum, counted) / target;
  const bool turned = (ratio < 1 && rebalanced > 1) || (ratio > 1 && rebalanced < 1);
  if (turned || IsTolerated(rebalanced, tolerance)) return {current, rebalanced, true};
  return {InDirection(rebalanced, RoundUp(rebalanced * counted), current), rebalanced, false};
}

}  // namespace sb::scaling
