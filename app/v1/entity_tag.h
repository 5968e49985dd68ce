// Entity tags (RFC 9110 §8.8.3) of resources that have a version, and the precondition that names
// them. All tags are strong: a resource's bytes follow from its version and the form they are
// written in.
//
//   TagOf(3)                                        // "\"1-3\"": form 1, version 3
//   AllowedBy(R"("1-3")").versions                  // {3}: what If-Match lets a write change
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace todo::v1 {

std::string TagOf(std::int64_t version);

// What If-Match (strong comparison, §13.1.1) allows: any version if it is absent or "*", else
// these.
struct Allowed {
  bool any = false;
  std::vector<std::int64_t> versions;
};
Allowed AllowedBy(std::string_view if_match);

}  // namespace todo::v1
