#include "operator/plan/live_condition.h"

namespace sb::plan {

const Json* LiveCondition(const Json& object, std::string_view type) {
  const Json* conditions = Find(object, {"status", "conditions"});
  if (!conditions || !conditions->is_array()) return nullptr;
  for (const Json& condition : *conditions) {
    if (StringAt(condition, {"type"}) == type) return &condition;
  }
  return nullptr;
}

bool IsTrue(const Json& object, std::string_view type) {
  const Json* condition = LiveCondition(object, type);
  return condition && StringAt(*condition, {"status"}) == "True";
}

}  // namespace sb::plan
