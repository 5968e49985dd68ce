#include "app/auth/argon2.h"

#include <argon2.h>
#include <gtest/gtest.h>

namespace todo::auth {
namespace {

constexpr Argon2Cost kCheap{64, 1, 1};
constexpr std::string_view kSalt = "sixteen bytes ok";

TEST(Argon2, TheLibrarysOwnStringsAndOursAreTheSame) {
  char theirs[200];
  ASSERT_EQ(argon2id_hash_encoded(2, 19'456, 1, "secret", 6, kSalt.data(), kSalt.size(), 32, theirs,
                                  sizeof theirs),
            ARGON2_OK);
  EXPECT_EQ(*HashPassword("secret", kOwaspCost, kSalt), theirs)
      << "passwords could not be moved from or to another program";
  EXPECT_TRUE(*VerifyPassword(theirs, "secret"));
  EXPECT_FALSE(*VerifyPassword(theirs, "Secret"));
}

TEST(Argon2, EveryBytePasswordCounts) {
  const std::string with_nul("a\0b", 3);
  const std::string stored = *HashPassword(with_nul, kCheap, kSalt);
  EXPECT_TRUE(*VerifyPassword(stored, with_nul));
  EXPECT_FALSE(*VerifyPassword(stored, "a"));
  EXPECT_FALSE(*VerifyPassword(stored, ""));
}

TEST(Argon2, RefusesAnEndlessPassword) {
  EXPECT_TRUE(HashPassword(std::string(1024, 'x'), kCheap, kSalt));
  EXPECT_FALSE(HashPassword(std::string(1025, 'x'), kCheap, kSalt));
}

TEST(Argon2, TellsTheCost) {
  EXPECT_EQ(*CostOf(*HashPassword("x", kCheap, kSalt)), kCheap);
  EXPECT_EQ(*CostOf(UnmatchablePhc(kOwaspCost)), kOwaspCost);
}

TEST(Argon2, NothingFitsTheUnmatchable) {
  EXPECT_FALSE(*VerifyPassword(UnmatchablePhc(kCheap), ""));
  EXPECT_FALSE(*VerifyPassword(UnmatchablePhc(kCheap), std::string(32, '\0')));
}

TEST(Argon2, WhatIsNoPhcStringIsAnErrorAndNotInTheMessage) {
  const std::string good = *HashPassword("x", kCheap, kSalt);
  for (const std::string& bad :
       {std::string(), std::string("secret"), good.substr(1), good.substr(0, good.size() - 30),
        good + "$", std::string("$argon2i$v=19$m=64,t=1,p=1$c2l4dGVlbg$c2l4dGVlbg"),
        std::string("$argon2id$v=16$m=64,t=1,p=1$c2l4dGVlbg$c2l4dGVlbg"),
        std::string("$argon2id$v=19$m=4294967295,t=1,p=1$c2l4dGVlbg$c2l4"),
        std::string("$argon2id$v=19$m=64,t=0,p=1$c2l4dGVlbg$c2l4dGVlbg"),
        std::string("$argon2id$v=19$m=-4,t=1,p=1$c2l4dGVlbg$c2l4dGVlbg"),
        std::string("$2b$12$abcdefghijklmnopqrstuv")}) {
    const auto verified = VerifyPassword(bad, "x");
    ASSERT_FALSE(verified) << bad;
    const bool told = !bad.empty() && verified.error().message.find(bad) != std::string::npos;
    EXPECT_FALSE(told) << "a hash in a log";
  }
}

}  // namespace
}  // namespace todo::auth
