#include "app/auth/bearer.h"

#include <algorithm>

namespace todo::auth {
namespace {

namespace asio = boost::asio;

asio::awaitable<std::optional<http::Refusal>> Check(Tokens* tokens, http::Call& call) {
  const auto credentials = BearerCredentials(call.request.header("authorization"));
  if (!credentials) co_return NotAuthenticated();
  const std::optional<Claims> claims =
      tokens == nullptr ? std::nullopt : tokens->Verify(*credentials);
  if (!claims) co_return InvalidCredentials();
  call.principal = http::Principal{claims->user_id, std::string(claims->username)};
  co_return std::nullopt;
}

}  // namespace

http::Guard Bearer(Tokens* tokens) {
  return {.check = [tokens](http::Call& call) { return Check(tokens, call); },
          .refuses = {401},
          .scheme = "bearer"};
}

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

http::Refusal NotAuthenticated() {
  return {401, "Not authenticated", {{"WWW-Authenticate", "Bearer"}}};
}
http::Refusal InvalidCredentials() {
  return {401, "Could not validate credentials", {{"WWW-Authenticate", "Bearer"}}};
}

}  // namespace todo::auth
