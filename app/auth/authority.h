// What all threads of a process share to know who is who: the signing keys, the hashing threads,
// and the counts of both as metrics (todo_password_*, todo_logins_total, todo_sessions_total,
// todo_jwt_key_*).
//
//   Authority authority({.jwt_key_file = "/etc/jwt"});
//   Tokens tokens(authority.keys(), authority.token_options());   // one each thread
//   every 5 s, on the control thread: authority.keys().Refresh();
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "app/auth/key_ring.h"
#include "app/auth/passwords.h"
#include "app/auth/tokens.h"

namespace todo::auth {

struct AuthorityOptions {
  std::string jwt_key_file;
  TokenOptions tokens = {};
  PasswordOptions passwords = {};
  std::chrono::seconds session_lifetime{30 * 24 * 3600};
};

// How often the key files are looked at.
inline constexpr std::chrono::seconds kKeyRefreshInterval{5};

enum class Event {
  kLoginRight,
  kLoginWrong,
  kLoginLimited,  // not looked at
  kPasswordRehashed,
  kSessionOpened,
  kSessionRefreshed,
  kSessionReused,  // a refresh token shown twice: a theft, or a client that lost an answer
  kSessionClosed,
  kCount
};

// Thread-safe, but for what its parts say.
class Authority : public prometheus::Collectable {
 public:
  explicit Authority(AuthorityOptions options)
      : options_(std::move(options)),
        keys_(options_.jwt_key_file),
        passwords_(options_.passwords) {}

  KeyRing& keys() { return keys_; }
  Passwords& passwords() { return passwords_; }
  const TokenOptions& token_options() const { return options_.tokens; }
  std::chrono::seconds session_lifetime() const { return options_.session_lifetime; }
  void Count(Event event) {
    events_[static_cast<std::size_t>(event)].fetch_add(1, std::memory_order_relaxed);
  }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const AuthorityOptions options_;
  KeyRing keys_;
  Passwords passwords_;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Event::kCount)> events_{};
};

}  // namespace todo::auth
