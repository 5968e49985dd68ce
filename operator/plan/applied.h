// Marks what was applied, so that it is not applied again.
#pragma once

#include "common/json.h"

namespace sb::plan {

// `object` with the annotation scalablebackend.io/applied-hash: a hash of `object` itself.
Json Stamp(Json object);

// Whether `live` was last applied from exactly `stamped` (drift since then not considered).
bool IsCurrent(const Json& stamped, const Json& live);

}  // namespace sb::plan
