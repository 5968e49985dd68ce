// Order of resource versions. Since Kubernetes 1.35 (KEP-5504) the versions of one kind compare as
// integers; they may have any number of digits. Versions of aggregated APIs may be anything: those
// have no order.
#pragma once

#include <string_view>

namespace sb::kube {

// Both are decimal numbers and `a` is greater than `b`.
bool IsNewer(std::string_view a, std::string_view b);
// Digits only, not empty.
bool IsComparable(std::string_view version);

}  // namespace sb::kube
