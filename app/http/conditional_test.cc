#include "app/http/conditional.h"

#include <gtest/gtest.h>

namespace todo::http {
namespace {

TEST(Conditional, OtherBytesHaveAnotherTag) {
  EXPECT_EQ(TagOfBytes("a"), TagOfBytes("a"));
  EXPECT_NE(TagOfBytes("a"), TagOfBytes("b"));
  EXPECT_EQ(TagOfBytes("a").size(), 34u);
}

TEST(Conditional, WhatTheClientHasIsNotSentAgain) {
  for (const std::string tag : {"\"a\"", "W/\"a\""}) {
    const auto same = Conditional("body", tag, "\"b\", \"a\"");
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same.headers[0].second, tag);
    const auto other = Conditional("body", tag, "\"b\"");
    EXPECT_EQ(other.status, 200);
    EXPECT_EQ(other.body, "body");
  }
}

}  // namespace
}  // namespace todo::http
