#include "app/cache/reply.h"

#include <gtest/gtest.h>

namespace todo::cache {
namespace {

TEST(AppendCommand, IsBinarySafe) {
  std::string out;
  const std::string_view words[] = {"SET", std::string_view("k\0\r\n", 4), ""};
  AppendCommand(out, words);
  EXPECT_EQ(out, std::string("*3\r\n$3\r\nSET\r\n$4\r\nk\0\r\n\r\n$0\r\n\r\n", 29));
}

TEST(ReplyReader, ReadsRepliesThatComeInPieces) {
  const std::string stream =
      "$3\r\nabc\r\n:7\r\n$-1\r\n*2\r\n$1\r\nx\r\n*1\r\n:9\r\n+OK\r\n-ERR no\r\n";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    ReplyReader reader;
    std::vector<Reply> replies;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.Feed(std::string_view(stream).substr(at, step));
      for (;;) {
        Reply reply;
        const auto next = reader.Next(reply);
        ASSERT_TRUE(next);
        if (!*next) break;
        replies.push_back(std::move(reply));
      }
    }
    ASSERT_EQ(replies.size(), 6u) << step;
    EXPECT_EQ(replies[0].value().text(), "abc");
    EXPECT_EQ(replies[1].value().integer(), 7);
    EXPECT_TRUE(replies[2].value().is_nil());
    EXPECT_EQ(replies[3].value()[0].text(), "x");
    EXPECT_EQ(replies[3].value()[1][0].integer(), 9);
    EXPECT_EQ(replies[4].value().text(), "OK");
    EXPECT_TRUE(replies[5].value().is_error());
  }
}

TEST(Value, AnUnexpectedShapeIsNilAllTheWayDown) {
  const Value nil(nullptr);
  EXPECT_TRUE(nil[0][3].is_nil());
  EXPECT_EQ(nil[5].text(), "");
  EXPECT_EQ(nil.integer(), 0);
  EXPECT_EQ(nil.size(), 0u);
}

TEST(ReplyReader, WhatMakesNoSenseIsAnError) {
  for (const char* bytes : {"hello\r\n", "HTTP/1.1 400\r\n"}) {
    ReplyReader reader;
    reader.Feed(bytes);
    Reply reply;
    EXPECT_FALSE(reader.Next(reply)) << bytes;
  }
}

}  // namespace
}  // namespace todo::cache
