#include "common/json.h"

#include <utility>

namespace sb {

const Json* Find(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* at = &object;
  for (std::string_view step : path) {
    if (!at->is_object()) return nullptr;
    auto next = at->find(step);
    if (next == at->end()) return nullptr;
    at = &*next;
  }
  return at;
}

std::string StringAt(const Json& object, std::initializer_list<std::string_view> path,
                     std::string fallback) {
  const Json* found = Find(object, path);
  return found && found->is_string() ? found->get<std::string>() : std::move(fallback);
}

long long IntAt(const Json& object, std::initializer_list<std::string_view> path,
                long long fallback) {
  const Json* found = Find(object, path);
  return found && found->is_number_integer() ? found->get<long long>() : fallback;
}

bool BoolAt(const Json& object, std::initializer_list<std::string_view> path, bool fallback) {
  const Json* found = Find(object, path);
  return found && found->is_boolean() ? found->get<bool>() : fallback;
}

}  // namespace sb
