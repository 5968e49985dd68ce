// Why a request is turned away. Api renders it: {"detail": …}, below /v1 as problem+json.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace todo::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Refusal {
  int status = 400;
  std::string detail;
  Headers headers = {};
};

}  // namespace todo::http
