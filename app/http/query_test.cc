#include "app/http/query.h"

#include <gtest/gtest.h>

namespace todo::http {
namespace {

std::string Decoded(std::string_view text, Plus plus = Plus::kIsSpace) {
  std::string out;
  DecodeComponent(out, text, plus);
  return out;
}

TEST(DecodeComponent, ReadsAsStarletteDoes) {
  EXPECT_EQ(Decoded("a%20b+c"), "a b c");
  EXPECT_EQ(Decoded("a+b", Plus::kIsPlus), "a+b");
  EXPECT_EQ(Decoded("%C3%a9"), "é");
  EXPECT_EQ(Decoded("100%"), "100%");
  EXPECT_EQ(Decoded("%4"), "%4");
  EXPECT_EQ(Decoded("%zz"), "%zz");
  EXPECT_EQ(Decoded("%2541"), "%41") << "decoded once only";
  EXPECT_EQ(Decoded("%00").size(), 1u);
}

TEST(DecodeComponent, WhatIsNotUtf8BecomesTheReplacementCharacter) {
  const char* const kBroken[] = {
      "%ff",        // never a byte of UTF-8
      "%80",        // a continuation without a start
      "%C3",        // a start without its continuation
      "%C0%80",     // NUL, overlong
      "%ED%A0%80",  // a surrogate
      "%F4%90%80%80",
  };
  for (const char* text : kBroken) {
    const std::string decoded = Decoded(text);
    EXPECT_NE(decoded.find("\xEF\xBF\xBD"), std::string::npos) << text;
    EXPECT_EQ(decoded.find_first_not_of("\xEF\xBF\xBD"), std::string::npos) << text;
  }
  EXPECT_EQ(Decoded("a%ffb%F0%9F%98%80"),
            "a\xEF\xBF\xBD"
            "b\xF0\x9F\x98\x80");
}

TEST(FindParameter, TheLastOneWins) {
  EXPECT_EQ(FindParameter("a=1&b=2&a=3", "a"), "3");
  EXPECT_EQ(FindParameter("a=1=2", "a"), "1=2");
  EXPECT_EQ(FindParameter("&&a=1&", "a"), "1");
  EXPECT_EQ(FindParameter("%61=1", "a"), "1");
  EXPECT_EQ(FindParameter("ab=1", "a").data(), nullptr);
  EXPECT_EQ(FindParameter("", "a").data(), nullptr);
}

TEST(FindParameter, EmptyIsNotMissing) {
  for (const char* query : {"a=", "a", "b=1&a"}) {
    const std::string_view found = FindParameter(query, "a");
    EXPECT_NE(found.data(), nullptr) << query;
    EXPECT_EQ(found, "") << query;
  }
}

TEST(IsPlain, NothingToDecode) {
  EXPECT_TRUE(IsPlain("abc-1_2.~", Plus::kIsSpace));
  EXPECT_TRUE(IsPlain("a+b", Plus::kIsPlus));
  EXPECT_FALSE(IsPlain("a+b", Plus::kIsSpace));
  EXPECT_FALSE(IsPlain("%41", Plus::kIsPlus));
  EXPECT_FALSE(IsPlain("é", Plus::kIsPlus));
}

TEST(DecodeStrictly, RefusesWhatIsNotUtf8) {
  std::string out = "a";
  EXPECT_TRUE(DecodeStrictly(out, "%C3%AB+%25", Plus::kIsSpace));
  EXPECT_EQ(out, "aë %");
  for (const char* bad : {"%ff", "x%C3", "%ED%A0%80", "%C0%80", "\xfe"}) {
    EXPECT_FALSE(DecodeStrictly(out, bad, Plus::kIsSpace)) << bad;
    EXPECT_EQ(out, "aë %");
  }
}

}  // namespace
}  // namespace todo::http
