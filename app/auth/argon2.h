// argon2id, by libargon2: passwords to PHC strings and back to yes or no.
//
//   std::string stored = *HashPassword("secret", kOwaspCost, salt);
//                                              // "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<digest>"
//   VerifyPassword(stored, "secret")           // true
//
// Each call takes `memory_kib` for its duration and gives it back to the system before it returns,
// so an idle process holds none. About 20 ms: never on an event loop (passwords.h). Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.h"

namespace todo::auth {

struct Argon2Cost {
  std::uint32_t memory_kib;
  std::uint32_t passes;
  std::uint32_t lanes;
  bool operator==(const Argon2Cost&) const = default;
};

// OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
inline constexpr Argon2Cost kOwaspCost{19'456, 2, 1};

inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kDigestBytes = 32;
// Longer ones are refused before they cost anything.
inline constexpr std::size_t kMaxPasswordBytes = 1024;

// kInvalidArgument: too long a password, or a cost that libargon2 does not take. kUnavailable: no
// memory.
sb::Expected<std::string> HashPassword(std::string_view password, const Argon2Cost& cost,
                                       std::string_view salt);

// Compares in constant time. kInvalidArgument: `phc` is no argon2id string of version 19 within
// sane bounds.
sb::Expected<bool> VerifyPassword(std::string_view phc, std::string_view password);

// The cost that `phc` was made with; kInvalidArgument as above.
sb::Expected<Argon2Cost> CostOf(std::string_view phc);

// A well-formed string of that cost that no password fits: what a user who does not exist is
// compared with, so that the answer takes as long.
std::string UnmatchablePhc(const Argon2Cost& cost);

}  // namespace todo::auth
