// Claims of a StatefulSet. The API server never lets volumeClaimTemplates change, so a new size goes to the
// claims themselves, and the template stays as it was made.
#pragma once

#include <vector>

#include "operator/plan/observed.h"
#include "operator/plan/plan.h"

namespace sb::plan {

// `desired` with the volumeClaimTemplates of `live`.
Json WithLiveClaims(Json desired, const Json& live);

// Applies of the claims that are smaller than `desired` asks for. Never shrinks.
std::vector<Action> GrowClaims(const Json& desired, const Json& live, const Observed& observed);

}  // namespace sb::plan
