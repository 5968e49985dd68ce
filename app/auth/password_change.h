// POST /v1/auth/password: a new password for whoever has the old one. All sessions of the user end
// with it, so that whoever knew the old password is out as soon as the access tokens expire. Not so
// for a login with the old password that is being answered in those milliseconds: its session is
// stored behind the change, and stays.
//
// Tries are limited like logins (limits::Policy::kToken, kTokenUser): an access token that was
// stolen is no way to guess the password.
#pragma once

#include <vector>

#include "app/auth/authority.h"
#include "app/auth/tokens.h"
#include "app/http/router.h"
#include "app/limits/limiter.h"
#include "app/store/database.h"

namespace todo::auth {

// Loop thread only. `database` may be null (not configured): then 503; `limiter` may: no limits.
class PasswordChange {
 public:
  PasswordChange(store::Database* database, Authority& authority, limits::Limiter* limiter,
                 Tokens& tokens)
      : database_(database), authority_(authority), limiter_(limiter), tokens_(tokens) {}

  // Appends the route; the object must outlive it.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Change(const http::Call& call);

  store::Database* const database_;
  Authority& authority_;
  limits::Limiter* const limiter_;
  Tokens& tokens_;
};

}  // namespace todo::auth
