#include "app/auth/session_token.h"

#include <gtest/gtest.h>

namespace todo::auth {
namespace {

TEST(SessionToken, ThereAndBack) {
  const SessionToken made = SessionToken::Make();
  const std::string text = made.Text();
  EXPECT_EQ(text.size(), 64u);
  const auto parsed = SessionToken::Parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->Text(), text);
  EXPECT_EQ(parsed->Hash(), made.Hash());
}

TEST(SessionToken, TheNextIsOfTheSameSessionWithAnotherSecret) {
  const SessionToken made = SessionToken::Make();
  const SessionToken next = made.Next();
  EXPECT_EQ(next.Family(), made.Family());
  EXPECT_NE(next.Hash(), made.Hash());
  EXPECT_NE(SessionToken::Make().Family(), made.Family());
}

TEST(SessionToken, RefusesEverythingElse) {
  const std::string text = SessionToken::Make().Text();
  for (const std::string& bad : {std::string(), text + "A", text.substr(1), "=" + text.substr(1),
                                 std::string(64, '+'), std::string(10'000, 'A')}) {
    EXPECT_FALSE(SessionToken::Parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace todo::auth
