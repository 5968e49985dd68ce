// Who asks, as the API server's reviews describe people (authentication.k8s.io/v1 UserInfo).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sb::metrics_api {

inline constexpr const char* kMastersGroup = "system:masters";
inline constexpr const char* kAuthenticatedGroup = "system:authenticated";

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;

  friend bool operator==(const User&, const User&) = default;
};

}  // namespace sb::metrics_api
