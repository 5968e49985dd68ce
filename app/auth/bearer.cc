#include "app/auth/bearer.h"

#include "app/auth/authorization.h"

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

http::Refusal NotAuthenticated() {
  return {401, "Not authenticated", {{"WWW-Authenticate", "Bearer"}}};
}
http::Refusal InvalidCredentials() {
  return {401, "Could not validate credentials", {{"WWW-Authenticate", "Bearer"}}};
}

}  // namespace todo::auth
