// Which lists of the built-in types server-side apply merges element by element, and by what (their
// x-kubernetes-list-map-keys). All other lists are replaced as a whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"

namespace sb::kube {

using MergeKeys = std::vector<std::string_view>;

// The keys for a list that stands under the field `list` and has these elements; null if it is not
// merged, or if its elements do not have the first key or are not told apart by the keys.
const MergeKeys* MergeKeysOf(std::string_view list, const Json& elements);

// Whether both elements have the same values of `keys`. A key that `wanted` leaves out matches
// anything: the server fills in its default (protocol TCP).
bool SameElement(const MergeKeys& keys, const Json& wanted, const Json& other);

// The keys that `element` has, as an object: {"containerPort":8080,"protocol":"TCP"}.
Json ElementKey(const MergeKeys& keys, const Json& element);

}  // namespace sb::kube
