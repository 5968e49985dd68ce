// One entry of `autoscaling.metrics`.
#pragma once

#include <string>

#include "operator/api/backend.h"
#include "operator/api/field.h"

namespace sb::api {

// Faults go to the field's list. `namespace_name` and `name` fill in a query.
Metric ParseMetric(const Field& field, const std::string& namespace_name, const std::string& name);

}  // namespace sb::api
