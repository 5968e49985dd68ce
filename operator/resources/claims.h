// Claims of a StatefulSet with one member, and what may change in them.
#pragma once

#include <string>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

// The StatefulSet around `pod` (a PodSpec): one member, a claim "data" of `storage`, kept or
// removed with the backend as its deletionPolicy says.
Json StatefulSet(const api::Backend& backend, std::string name, const char* component,
                 const api::Storage& storage, Json pod);

// `desired` with the claim templates of `live`: the API server refuses any change of them, so a
// StatefulSet keeps the templates that it was made with, and a larger claim is made on the claim
// itself.
Json WithLiveClaimTemplates(Json desired, const Json& live);

enum class ClaimChange { kNone, kGrow, kShrink };

// How the request of the live PersistentVolumeClaim has to change to become `storage`.
ClaimChange CompareClaim(const Json& live_claim, const api::Storage& storage);

// What to apply to the claim `name` so that it asks for `storage.size`.
Json ClaimOfSize(const api::Backend& backend, std::string name, const api::Storage& storage);

}  // namespace sb::resources
