// The autoscaling of a backend as a file says it, and the same with a setting changed.
//
//   auto file = ReadBackend(text);
//   auto changed = WithSetting(*file, "api", "behavior.scaleDown.stabilizationWindowSeconds=60");
//   auto scaled = ReadAutoscaling(*changed, "api");
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"
#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::simulate {

// A ScalableBackend in YAML, numbers and booleans typed.
Expected<Json> ReadBackend(std::string_view yaml);

// `setting` is path=value; the path is one inside the target's autoscaling ("maxReplicas",
// "metrics.0.target.averageValue"), or begins with "spec.". The value is JSON, else a string.
// kInvalidArgument: no such place.
Expected<Json> WithSetting(Json backend, const std::string& target, const std::string& setting);

struct Scaled {
  api::Autoscaling autoscaling;
  std::string prometheus_url;
  api::PrometheusAccess prometheus_access = {};
};
// `target`: "api" or "worker/<name>".
Expected<Scaled> ReadAutoscaling(const Json& backend, const std::string& target);

}  // namespace sb::simulate
