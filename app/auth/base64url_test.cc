#include "app/auth/base64url.h"

#include <gtest/gtest.h>

#include <array>

namespace todo::auth {
namespace {

TEST(Base64Url, ThereAndBack) {
  for (const std::string bytes :
       {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfb"}) {
    std::string text;
    EncodeBase64Url(text, bytes);
    std::array<char, 16> out;
    const auto decoded = DecodeBase64Url(text, out);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Url, OneTextForEachValue) {
  std::array<char, 16> out;
  EXPECT_TRUE(DecodeBase64Url("Zg", out));
  for (const std::string_view bad : {"Zh", "Z", "Zg==", "Zm9v\n", "+_--", "Zm9/", " Zg"}) {
    EXPECT_FALSE(DecodeBase64Url(bad, out)) << bad << ": a second text of the same token";
  }
}

TEST(Base64Url, NeverWritesBehindTheBuffer) {
  std::array<char, 2> out;
  EXPECT_FALSE(DecodeBase64Url("Zm9v", out));
}

}  // namespace
}  // namespace todo::auth
