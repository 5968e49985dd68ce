// Entity tags (RFC 9110 §8.8.3) of resources that have a version, and the preconditions that name
// them. All tags are strong: a resource's bytes follow from its version and the form they are
// written in.
//
//   TagOf(3)                                        // "\"1-3\"": form 1, version 3
//   MatchesNone("\"1-2\", W/\"1-3\"", TagOf(3))     // false: the client has it, 304
//   Versions(R"("1-3")")                            // {3}: what If-Match lets a write change
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace todo::v1 {

std::string TagOf(std::int64_t version);
// Of an answer that has no version of its own: of its bytes.
std::string TagOfBytes(std::string_view bytes);

// If-None-Match against the tag that the resource has now; weak comparison (§13.1.2). True: none
// fits, so send it. An absent or broken field fits nothing.
bool MatchesNone(std::string_view if_none_match, std::string_view tag);

// What If-Match (strong comparison, §13.1.1) allows: any version if it is absent or "*", else
// these.
struct Allowed {
  bool any = false;
  std::vector<std::int64_t> versions;
};
Allowed AllowedBy(std::string_view if_match);

}  // namespace todo::v1
