// Refresh tokens: opaque, used once each, of which only a hash is stored (RFC 9700 §4.14).
//
//   Sessions sessions(&database, authority);
//   Expected<std::string> token = co_await sessions.Open(user_id);        // at login
//   Expected<Refreshed> next = co_await sessions.Refresh(*token);         // next->token replaces
//   it co_await sessions.Close(next->token);                                 // logout
//
// Whoever shows a token for the second time is a thief, or was robbed: the session ends for both
// (reuse detection). A client that lost the answer to a refresh therefore has to log in again. A
// session lasts `lifetime` from its login, however often it is refreshed.
//
// A token is base64url of the session's 16 random bytes and a secret of 32; the database has
// SHA-256 of the secret, which needs no slow hash, because nobody can guess 256 random bits. Loop
// thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/auth/authority.h"
#include "app/store/database.h"

namespace todo::auth {

struct Refreshed {
  std::int64_t user_id;
  std::string username;
  std::string token;
};

class Sessions {
 public:
  // Both must outlive it; `database` may be null: then kUnavailable.
  Sessions(store::Database* database, Authority& authority)
      : database_(database), authority_(authority) {}

  boost::asio::awaitable<sb::Expected<std::string>> Open(std::int64_t user_id);
  // kUnauthenticated: unknown, expired, revoked, or used before.
  boost::asio::awaitable<sb::Expected<Refreshed>> Refresh(std::string token);
  // Ends the session of any token of it. To end one that is not there is no error.
  boost::asio::awaitable<sb::Expected<void>> Close(std::string token);

 private:
  store::Database* const database_;
  Authority& authority_;
};

}  // namespace todo::auth
