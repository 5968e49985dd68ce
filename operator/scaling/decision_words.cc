#include "operator/scaling/decision_words.h"

#include <charconv>

namespace sb::scaling {
namespace {

const char* Unit(const MetricPolicy& metric) {
  switch (metric.type) {
    case api::TargetType::kAverageValue:
      return " per pod";
    case api::TargetType::kAverageUtilization:
      return " %";
    case api::TargetType::kValue:
      break;
  }
  return "";
}

}  // namespace

std::string Number(double value) {
  // What people compare, not what a double holds: six digits.
  char text[48];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr;
  return {text, end};
}

std::string Pods(int count) { return std::to_string(count) + (count == 1 ? " pod" : " pods"); }

std::string Span(std::chrono::seconds span) {
  const auto count = span.count();
  if (count >= 120 && count % 60 == 0) return std::to_string(count / 60) + " min";
  return std::to_string(count) + " s";
}

std::string Compared(const MetricPolicy& metric, double value) {
  return metric.name + " is " + Number(value) + ", target " + Number(metric.target) + Unit(metric);
}

const char* Lacks(Evidence evidence) {
  switch (evidence) {
    case Evidence::kStale:
      return "is stale";
    case Evidence::kEmpty:
      return "matches nothing";
    default:
      return "cannot be read";
  }
}

const char* ToString(Rule rule) {
  switch (rule) {
    case Rule::kMetric:
      return "Metric";
    case Rule::kTolerance:
      return "Tolerance";
    case Rule::kMinReplicas:
      return "MinReplicas";
    case Rule::kMaxReplicas:
      return "MaxReplicas";
    case Rule::kScheduleFloor:
      return "ScheduleFloor";
    case Rule::kScheduleCeiling:
      return "ScheduleCeiling";
    case Rule::kAnticipation:
      return "Anticipation";
    case Rule::kScaleUpWindow:
      return "ScaleUpWindow";
    case Rule::kScaleDownWindow:
      return "ScaleDownWindow";
    case Rule::kScaleUpPolicy:
      return "ScaleUpPolicy";
    case Rule::kScaleDownPolicy:
      return "ScaleDownPolicy";
    case Rule::kNoEvidence:
      return "NoEvidence";
    case Rule::kPartialEvidence:
      return "PartialEvidence";
    case Rule::kFallback:
      return "Fallback";
    case Rule::kActivation:
      return "Activation";
    case Rule::kInactive:
      return "Inactive";
    case Rule::kCooldown:
      return "Cooldown";
    case Rule::kInitialCooldown:
      return "InitialCooldown";
    case Rule::kPaused:
      return "Paused";
    case Rule::kSwitchedOff:
      return "SwitchedOff";
    case Rule::kJustStarted:
      return "JustStarted";
  }
  return "Metric";
}

}  // namespace sb::scaling
