#include "operator/kube/resource_version.h"

#include <algorithm>

namespace sb::kube {

bool IsComparable(std::string_view version) {
  return !version.empty() &&
         std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsNewer(std::string_view a, std::string_view b) {
  if (!IsComparable(a) || !IsComparable(b)) return false;
  const auto trim = [](std::string_view& v) {
    v.remove_prefix(std::min(v.find_first_not_of('0'), v.size()));
  };
  trim(a);
  trim(b);
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

}  // namespace sb::kube
