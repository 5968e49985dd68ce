// Conditions of live objects, which all kinds keep in the same shape.
#pragma once

#include <string_view>

#include "common/json.h"

namespace sb::plan {

// The entry of that type in status.conditions of `object`, or null. Points into `object`.
const Json* LiveCondition(const Json& object, std::string_view type);

// Whether that condition is there and True.
bool IsTrue(const Json& object, std::string_view type);

}  // namespace sb::plan
