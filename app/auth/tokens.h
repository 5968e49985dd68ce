// Access tokens: JSON Web Tokens (RFC 7519) signed with HS256, and nothing else. The algorithm is
// pinned: what a token says of it is compared, never obeyed (RFC 8725 §3.1).
//
//   Tokens tokens(ring, {}, clock);
//   std::string token = tokens.Issue(7, "zoe");
//   std::optional<Claims> claims = tokens.Verify(token);       // claims->user_id == 7
//
//   {"alg":"HS256","kid":"2026-11","typ":"JWT"}
//   {"iss":"todo","aud":"todo-api","sub":"7","username":"zoe","iat":…,"nbf":…,"exp":…}
//
// A token must be signed by the key that its kid names (without one, by the key "default", for
// tools that know only one key), name our issuer and audience, and be in its time, give or take
// `leeway`. Verify takes a few microseconds, allocates nothing after the first token of a thread
// and never blocks. Loop thread only; each thread has its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/auth/key_ring.h"
#include "common/time.h"

namespace todo::auth {

struct TokenOptions {
  std::string issuer = "todo";
  std::string audience = "todo-api";
  std::chrono::seconds lifetime{900};
  std::chrono::seconds leeway{10};
};

// Longer ones are refused unread.
inline constexpr std::size_t kMaxTokenBytes = 4096;

struct Claims {
  std::int64_t user_id;
  std::string_view username;  // valid until the next Verify
};

class Tokens {
 public:
  // `ring` and `clock` must outlive it.
  Tokens(const KeyRing& ring, TokenOptions options, const sb::Clock& clock = sb::SystemClock());
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  std::string Issue(std::int64_t user_id, std::string_view username);
  // Nothing: not a token of ours that is valid now. Which rule it broke is nobody's business.
  std::optional<Claims> Verify(std::string_view token);

  std::chrono::seconds lifetime() const { return options_.lifetime; }

 private:
  class Signatures;
  class Documents;

  const KeyRing& ring_;
  const TokenOptions options_;
  const sb::Clock& clock_;
  std::unique_ptr<Signatures> signatures_;
  std::unique_ptr<Documents> documents_;
};

}  // namespace todo::auth
