#include "app/auth/session_token.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "app/auth/base64url.h"

namespace todo::auth {
namespace {

constexpr std::size_t kTextLength = 64;  // base64 of 48 bytes

void FillRandom(std::span<char> bytes) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1) {
    std::abort();  // a token that somebody could guess is worse than no service
  }
}

}  // namespace

std::string SessionToken::Text() const {
  std::string bytes(family.data(), family.size());
  bytes.append(secret.data(), secret.size());
  std::string text;
  EncodeBase64Url(text, bytes);
  return text;
}

std::array<char, 32> SessionToken::Hash() const {
  std::array<char, 32> hash;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

SessionToken SessionToken::Make() {
  SessionToken token;
  FillRandom(token.family);
  FillRandom(token.secret);
  return token;
}

SessionToken SessionToken::Next() const {
  SessionToken token = *this;
  FillRandom(token.secret);
  return token;
}

std::optional<SessionToken> SessionToken::Parse(std::string_view text) {
  std::array<char, 48> bytes;
  if (text.size() != kTextLength || !DecodeBase64Url(text, bytes)) return std::nullopt;
  SessionToken token;
  std::copy_n(bytes.begin(), token.family.size(), token.family.begin());
  std::copy_n(bytes.begin() + token.family.size(), token.secret.size(), token.secret.begin());
  return token;
}

}  // namespace todo::auth
