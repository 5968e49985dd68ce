// The header Authorization, as far as we read it.
#pragma once

#include <optional>
#include <string_view>

namespace todo::auth {

// The credentials of "Bearer <credentials>", the scheme in any case; nothing if it is another
// scheme, or none.
std::optional<std::string_view> BearerCredentials(std::string_view authorization);

}  // namespace todo::auth
