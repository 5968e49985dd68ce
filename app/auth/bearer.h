// The guard of routes that want to know who asks: Authorization: Bearer <access token>.
//
//   route.guards = {Bearer(tokens)};
//   ... call.principal->user_id
//
// 401 "Not authenticated" without a token, "Could not validate credentials" with one that is not
// valid, both with WWW-Authenticate (RFC 6750 §3; the words are FastAPI's). Asks no database: a
// token is good until it expires, also if its user is gone.
#pragma once

#include "app/auth/tokens.h"
#include "app/http/call.h"

namespace todo::auth {

// `tokens` must outlive the guard, and may be null for routes that are only described.
http::Guard Bearer(Tokens* tokens);

http::Refusal NotAuthenticated();
http::Refusal InvalidCredentials();

}  // namespace todo::auth
