// The status of a ScalableBackend and the events that its changes are worth.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/time.h"
#include "operator/plan/components.h"
#include "operator/plan/plan.h"

namespace sb::plan {

// Each component's condition, in the order in which the summary looks at them.
using Findings = std::vector<std::pair<std::string, Finding>>;

// The summary: Ready, and Reconciling or Stalled where they hold (kstatus). The summary names the
// first of the worst components.
std::vector<api::Condition> Conditions(const Findings& findings, std::int64_t generation);

// The whole status. `desired`: for the list of components and the scale subresource. Holds nothing
// that changes while nothing happens.
Json MakeStatus(const Json& old_status, const api::Backend& backend,
                const std::vector<Child>& desired, const std::vector<api::Condition>& conditions,
                const Observed& observed, WallTime now);

// The status of a resource that cannot be acted upon (a spec that does not parse): everything else
// in `old_status` stays.
Json WithConditions(Json old_status, std::int64_t generation,
                    const std::vector<api::Condition>& conditions, WallTime now);

// One event for each condition that people act on and whose status or reason changed.
std::vector<Event> EventsFor(const Json& old_status, const Json& status);

}  // namespace sb::plan
