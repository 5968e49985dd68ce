#include "operator/api/conditions.h"

#include <array>
#include <string_view>

namespace sb::api {
namespace {

constexpr std::array<std::string_view, 10> kOrder{
    condition::kReady,         condition::kReconciling, condition::kStalled,
    condition::kPaused,        condition::kApiReady,    condition::kWorkersReady,
    condition::kDatabaseReady, condition::kCacheReady,  condition::kMigrationSucceeded,
    condition::kScalingActive};

// metav1.Condition refuses longer ones.
constexpr std::size_t kMaxMessage = 32'768;

bool AbnormalWhenTrue(std::string_view type) {
  return type == condition::kReconciling || type == condition::kStalled ||
         type == condition::kPaused;
}

// The lastTransitionTime of the entry of this type and status, or empty.
std::string OldTransition(const Json& old_status, const Condition& condition) {
  const Json* entries = Find(old_status, {"conditions"});
  if (entries == nullptr || !entries->is_array()) return "";
  for (const Json& entry : *entries) {
    if (StringAt(entry, {"type"}) == condition.type &&
        StringAt(entry, {"status"}) == ToString(condition.status)) {
      return StringAt(entry, {"lastTransitionTime"});
    }
  }
  return "";
}

}  // namespace

const char* ToString(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "True";
    case ConditionStatus::kFalse:
      return "False";
    case ConditionStatus::kUnknown:
      break;
  }
  return "Unknown";
}

Json MergeConditions(const Json& old_status, const std::vector<Condition>& desired, WallTime now) {
  Json merged = Json::array();
  for (std::string_view type : kOrder) {
    const Condition* found = nullptr;
    for (const Condition& condition : desired) {
      if (condition.type == type) found = &condition;
    }
    if (found == nullptr) continue;
    if (AbnormalWhenTrue(type) && found->status != ConditionStatus::kTrue) continue;
    std::string transition = OldTransition(old_status, *found);
    if (transition.empty()) transition = FormatTime(now);
    merged.push_back({{"type", found->type},
                      {"status", ToString(found->status)},
                      {"reason", found->reason},
                      {"message", found->message.substr(0, kMaxMessage)},
                      {"observedGeneration", found->observed_generation},
                      {"lastTransitionTime", transition}});
  }
  return merged;
}

}  // namespace sb::api
