#include "app/cache/redis_url.h"

#include <gtest/gtest.h>

namespace todo::cache {
namespace {

TEST(ParseRedisUrl, TakesItApart) {
  const struct {
    const char* url;
    const char *host, *port, *user, *password;
    int database;
  } kCases[] = {
      {"redis://h", "h", "6379", "", "", 0},
      {"redis://h:1/", "h", "1", "", "", 0},
      {"redis://:secret@todo-redis:6379/1", "todo-redis", "6379", "", "secret", 1},
      {"redis://u:p%40s%2Fs@h/15?x=y", "h", "6379", "u", "p@s/s", 15},
      {"redis://:a@b@h", "h", "6379", "", "a@b", 0},
      {"redis://:p@[::1]:7/2", "::1", "7", "", "p", 2},
  };
  for (const auto& test : kCases) {
    const auto parsed = ParseRedisUrl(test.url);
    ASSERT_TRUE(parsed) << test.url;
    EXPECT_EQ(parsed->host, test.host);
    EXPECT_EQ(parsed->port, test.port);
    EXPECT_EQ(parsed->user, test.user);
    EXPECT_EQ(parsed->password, test.password);
    EXPECT_EQ(parsed->database, test.database);
  }
}

TEST(ParseRedisUrl, RefusesTheRestWithoutRepeatingIt) {
  for (const char* url :
       {"", "http://:secret@h", "redis://", "redis://:secret@", "redis://:secret@h:x",
        "redis://:secret@h:0", "redis://:secret@h:70000", "redis://:secret@h/x",
        "redis://:secret@h/-1", "redis://:secret%4@h", "redis://:secret@[::1"}) {
    const auto parsed = ParseRedisUrl(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, sb::ErrorCode::kInvalidArgument);
    EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace todo::cache
