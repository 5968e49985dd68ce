#include "app/auth/authorization.h"

#include <algorithm>

namespace todo::auth {

std::optional<std::string_view> BearerCredentials(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  const std::size_t space = authorization.find(' ');
  const std::string_view scheme = authorization.substr(0, space);
  const bool same = std::equal(scheme.begin(), scheme.end(), kScheme.begin(), kScheme.end(),
                               [](char sent, char lower) {
                                 return (sent >= 'A' && sent <= 'Z' ? sent + 32 : sent) == lower;
                               });
  if (!same) return std::nullopt;
  std::string_view rest =
      space == std::string_view::npos ? std::string_view() : authorization.substr(space + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest;
}

}  // namespace todo::auth
