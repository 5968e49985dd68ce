// spec.monitoring.prometheus: how Prometheus is asked beyond its url. Pure.
#pragma once

#include <string>

#include "operator/api/field.h"
#include "operator/api/prometheus_access.h"

namespace sb::api {

// Faults go to `field`'s list. `namespace_name` and `name` are the backend's, for the variables in
// headers and parameters.
PrometheusAccess ParsePrometheusAccess(const Field& field, const std::string& namespace_name,
                                       const std::string& name, const std::string& url);

}  // namespace sb::api
