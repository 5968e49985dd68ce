// The text of a refresh token and what the database keeps of it (sessions.h).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace todo::auth {

struct SessionToken {
  std::array<char, 16> family;
  std::array<char, 32> secret;

  std::string Text() const;
  std::array<char, 32> Hash() const;  // SHA-256 of the secret
  std::string_view Family() const { return {family.data(), family.size()}; }

  // Of random bytes by OpenSSL.
  static SessionToken Make();
  // Another secret for the same session.
  SessionToken Next() const;
  // Nothing: no text that Text() gives.
  static std::optional<SessionToken> Parse(std::string_view text);
};

}  // namespace todo::auth
