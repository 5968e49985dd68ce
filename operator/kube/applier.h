// Deciding whether an object has to be applied at all, so that a settled cluster sees no writes.
//
//   object["metadata"]["annotations"][kHash] = HashOf(object);
//   std::string where;
//   if (!Covers(object, *live, &where)) client.Apply(…);
#pragma once

#include <string>

#include "common/json.h"

namespace sb::kube {

// 16 hex digits of the SHA-256 of the canonical form (keys sorted, no spaces). Equal objects give
// equal hashes in every build and on every machine.
std::string HashOf(const Json& object);

// True if everything that `desired` says is also in `live`, which may hold more (defaults, fields
// of others). Maps: each key. Lists: same length and covered one by one; lists of maps that have
// one of the merge keys below are matched by it, in any order, and may hold more elements
// (server-side apply merges them). null and empty maps ask for nothing. Numbers are equal by value,
// and so are quantities in the places where the API server rewrites them (resources, storage,
// sizes): "1000m" is "1". At the first difference `where` (may be null) says its path and both
// values, with values cut short and those of Secrets left out.
bool Covers(const Json& desired, const Json& live, std::string* where = nullptr);

}  // namespace sb::kube
