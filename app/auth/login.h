// The routes by which people come in:
//   POST /token             the tutorial's OAuth2 password form -> {"access_token", "token_type"}
//   GET /users/me           who the token is
//   POST /v1/auth/token     the same form -> a refresh token as well
//   POST /v1/auth/refresh   {"refresh_token"} -> the next pair
//   POST /v1/auth/logout    {"refresh_token"} -> 204; the session is over
//   POST /v1/auth/password  password_change.h
//
// An unknown user, one without a password and a wrong password get the same answer after the same
// work. Logins are limited per address and per user (limits::Policy::kToken, kTokenUser), whether
// they succeed or not. Answers with tokens are not to be stored (RFC 6749 §5.1).
#pragma once

#include <vector>

#include "app/auth/authority.h"
#include "app/auth/password_change.h"
#include "app/auth/sessions.h"
#include "app/auth/tokens.h"
#include "app/http/router.h"
#include "app/limits/limiter.h"
#include "app/store/database.h"

namespace todo::auth {

// Loop thread only; each thread has its own.
class Login {
 public:
  // `database` may be null (not configured): then 503; `limiter` may: no limits. All must outlive
  // it.
  Login(store::Database* database, Authority& authority, limits::Limiter* limiter)
      : database_(database),
        authority_(authority),
        limiter_(limiter),
        tokens_(authority.keys(), authority.token_options()),
        sessions_(database, authority),
        password_change_(database, authority, limiter, tokens_) {}

  // Before those of users: /users/me is not the user called "me".
  void AddRoutes(std::vector<http::Route>& routes);

  // For guards: Bearer(&login.tokens()).
  Tokens& tokens() { return tokens_; }

 private:
  struct User {
    std::int64_t id;
    std::string username;
  };

  using Handler = sb::http::Task (Login::*)(const http::Call&);
  // What `handler` answers, unless this address or this user has tried too often.
  sb::http::Task Limited(const http::Call& call, Handler handler);
  sb::http::Task TutorialToken(const http::Call& call);
  sb::http::Task Token(const http::Call& call);
  sb::http::Task Refresh(const http::Call& call);
  sb::http::Task Logout(const http::Call& call);
  sb::http::Task Me(const http::Call& call);

  // The user of the form, or the answer that it gets instead.
  boost::asio::awaitable<tl::expected<User, http::Refusal>> Authenticate(const http::Call& call);
  boost::asio::awaitable<void> StoreAnew(std::int64_t id, std::string stale, std::string password);
  sb::http::Response Pair(const User& user, std::string_view refresh_token);

  store::Database* const database_;
  Authority& authority_;
  limits::Limiter* const limiter_;
  Tokens tokens_;
  Sessions sessions_;
  PasswordChange password_change_;
};

}  // namespace todo::auth
