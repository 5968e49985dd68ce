// Variables in a PromQL query: $(namespace) and $(name) of the backend.
//
//   ExpandQuery(R"(up{backend="$(name)"})", "default", "todo")   // up{backend="todo"}
//
// `$$(` stands for a literal `$(`. Values are escaped for a double-quoted PromQL string.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

namespace sb::api {

// kInvalidArgument: an unknown variable or a "$(" without its ")"; the message says what is
// allowed.
Expected<std::string> ExpandQuery(std::string_view query, std::string_view namespace_name,
                                  std::string_view name);

}  // namespace sb::api
