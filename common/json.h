// nlohmann::json under one name, and the few look-ups that untrusted documents need: none of them
// throws.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sb {

using Json = nlohmann::json;

// The value at `path` inside `object`, or nullptr if any step is missing or not an object.
const Json* Find(const Json& object, std::initializer_list<std::string_view> path);

// The string (integer) at `path`, or `fallback` if it is missing or of another type.
std::string StringAt(const Json& object, std::initializer_list<std::string_view> path,
                     std::string fallback = "");
long long IntAt(const Json& object, std::initializer_list<std::string_view> path,
                long long fallback = 0);
bool BoolAt(const Json& object, std::initializer_list<std::string_view> path,
            bool fallback = false);

}  // namespace sb
