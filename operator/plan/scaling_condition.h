// Whether autoscaling works, in one condition: who serves the metrics, what each query gives, and
// what the HPA itself says.
#pragma once

#include <optional>

#include "common/time.h"
#include "operator/plan/components.h"

namespace sb::plan {

struct ScalingFinding {
  Finding finding;
  // Set while a new backend's metrics may still be on their way: look again then.
  std::optional<Duration> look_again;
};

// Nothing if no workload is autoscaled.
std::optional<ScalingFinding> ScalingCondition(const api::Backend& backend,
                                               const Observed& observed, WallTime now);

}  // namespace sb::plan
