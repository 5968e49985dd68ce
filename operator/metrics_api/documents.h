// The JSON documents of external.metrics.k8s.io/v1beta1: discovery, values and errors. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"

namespace sb::metrics_api {

inline constexpr const char* kGroup = "external.metrics.k8s.io";
inline constexpr const char* kVersion = "v1beta1";
inline constexpr const char* kGroupVersion = "external.metrics.k8s.io/v1beta1";

Json ApiGroupList();
Json ApiGroup();
// One stand-in resource: metric names are not listed anywhere, and the HPA does not look them up.
Json ApiResourceList();

// An ExternalMetricValueList of one value.
Json MetricValueList(std::string_view metric, double value, WallTime at);

// A value in thousandths as a quantity: "3", or "1500m". Rounded to the nearest, but what is above
// zero stays so. For values from 0 to scaling::kMaxValue.
std::string QuantityText(double value);

// A metav1.Status. `status` is the HTTP status.
Json StatusDocument(int status, std::string_view message);
// What an error is in HTTP.
int HttpStatus(ErrorCode code);

}  // namespace sb::metrics_api
