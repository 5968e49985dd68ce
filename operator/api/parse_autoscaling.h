// The `autoscaling` part of a workload.
#pragma once

#include <optional>
#include <string>

#include "operator/api/backend.h"
#include "operator/api/field.h"

namespace sb::api {

// Unset if absent. Faults go to the field's list. `namespace_name` and `name` fill in the queries.
std::optional<Autoscaling> ParseAutoscaling(const Field& field, const std::string& namespace_name,
                                            const std::string& name);

}  // namespace sb::api
