// Claims of the bundled PostgreSQL and Redis. The API server never lets volumeClaimTemplates
// change, so a new size goes to the claims themselves, and the template stays as it was made.
#pragma once

#include <vector>

#include "operator/api/backend.h"
#include "operator/plan/observed.h"
#include "operator/plan/plan.h"

namespace sb::plan {

// `desired`, with the claim templates of `live` where they differ in substance.
Json KeepClaimTemplates(Json desired, const Json& live);

// Applies that let claims grow to what the spec asks for. Never shrinks.
std::vector<Action> GrowClaims(const api::Backend& backend, const Observed& observed);

// The claims that are larger than the spec asks for, in words; empty: none.
std::string ClaimsTooLarge(const api::Backend& backend, const Observed& observed);

}  // namespace sb::plan
