#include "app/auth/tokens.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "app/auth/authorization.h"
#include "app/auth/base64url.h"
#include "app/auth/signatures.h"
#include "common/json.h"

namespace todo::auth {
namespace {

using sb::Json;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr std::int64_t kNow = 1'800'000'000;

class FixedClock : public sb::Clock {
 public:
  sb::TimePoint Now() const override { return {}; }
  sb::WallTime WallNow() const override { return sb::WallTime(std::chrono::seconds(now)); }
  void Sleep(sb::Duration, std::stop_token) const override {}
  std::int64_t now = kNow;
};

std::string Decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  return std::string(*DecodeBase64Url(text, out));
}

std::string Encoded(std::string_view bytes) {
  std::string out;
  EncodeBase64Url(out, bytes);
  return out;
}

// A token as anybody who has the key could make it.
std::string Make(const std::string& header, const std::string& payload,
                 std::string_view secret = kSecret) {
  const std::string text = Encoded(header) + "." + Encoded(payload);
  const Signature signature = Signer(secret).Sign(text);
  return text + "." + Encoded({signature.data(), signature.size()});
}

class TokensTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "tokens_test." + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/default") << kSecret;
    ring_.emplace(folder_);
    tokens_.emplace(*ring_, TokenOptions{}, clock_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Json Claimed() {
    return {{"iss", "todo"}, {"aud", "todo-api"}, {"sub", "7"},       {"username", "zoe"},
            {"iat", kNow},   {"nbf", kNow},       {"exp", kNow + 900}};
  }
  bool Accepts(const Json& header, const Json& payload) {
    return tokens_->Verify(Make(header.dump(), payload.dump())).has_value();
  }

  std::string folder_;
  FixedClock clock_;
  std::optional<KeyRing> ring_;
  std::optional<Tokens> tokens_;
};

TEST_F(TokensTest, ThereAndBack) {
  const std::string name = "zo\u00eb \"x\" \n";
  const std::string token = tokens_->Issue(7, name);
  const auto claims = tokens_->Verify(token);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->user_id, 7);
  EXPECT_EQ(claims->username, name);
  const std::size_t dot = token.find('.');
  EXPECT_EQ(Decoded(token.substr(0, dot)), R"({"alg":"HS256","kid":"default","typ":"JWT"})");
  const Json payload = Json::parse(Decoded(token.substr(dot + 1, token.rfind('.') - dot - 1)));
  EXPECT_EQ(payload.at("exp"), kNow + 900);
  EXPECT_EQ(payload.at("sub"), "7");
}

TEST_F(TokensTest, TheSignatureIsTheOneOfRfc7515) {
  // RFC 7515 §A.1: header, payload and key of the standard's example.
  std::string key(64, '\0');
  ASSERT_TRUE(
      DecodeBase64Url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4h"
                      "cgUuTwjAzZr1Z9CAow",
                      key));
  const Signature signature = Signer(key).Sign(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ");
  EXPECT_EQ(Encoded({signature.data(), signature.size()}),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

TEST_F(TokensTest, TheAlgorithmIsNotTheTokensChoice) {
  EXPECT_TRUE(Accepts({{"alg", "HS256"}}, Claimed()));
  EXPECT_TRUE(Accepts({{"typ", "JWT"}, {"alg", "HS256"}, {"kid", "default"}}, Claimed()));
  for (const char* algorithm : {"none", "None", "hs256", "HS512", "RS256", ""}) {
    EXPECT_FALSE(Accepts({{"alg", algorithm}}, Claimed())) << algorithm;
  }
  EXPECT_FALSE(Accepts(Json::object(), Claimed()));
  EXPECT_FALSE(Accepts({{"alg", {"HS256"}}}, Claimed()));
  EXPECT_FALSE(Accepts({{"alg", "HS256"}, {"crit", {"exp"}}}, Claimed()));
  EXPECT_FALSE(Accepts({{"alg", "HS256"}, {"kid", "other"}}, Claimed()));
  EXPECT_FALSE(Accepts({{"alg", "HS256"}, {"kid", 7}}, Claimed()));
  EXPECT_FALSE(Accepts({{"alg", "HS256"}, {"typ", "refresh"}}, Claimed()));
  const std::string unsigned_token =
      Encoded(R"({"alg":"none"})") + "." + Encoded(Claimed().dump()) + ".";
  EXPECT_FALSE(tokens_->Verify(unsigned_token));
}

TEST_F(TokensTest, WhatItClaimsMustBeForUsAndNow) {
  const struct {
    const char* name;
    Json value;  // null: left out
    bool accepted;
  } kCases[] = {
      {"iss", "other", false},
      {"iss", nullptr, false},
      {"aud", "other", false},
      {"aud", Json::array({"other", "todo-api"}), true},
      {"aud", Json::array(), false},
      {"aud", nullptr, false},
      {"sub", nullptr, false},
      {"sub", 7, false},
      {"sub", "", false},
      {"sub", "7x", false},
      {"sub", "-7", false},
      {"sub", "99999999999999999999", false},
      {"username", nullptr, true},
      {"exp", nullptr, false},
      {"exp", kNow - 9, true},
      {"exp", kNow - 10, false},
      {"exp", "soon", false},
      {"exp", kNow + 0.5, true},
      {"exp", 1e300, false},
      {"nbf", kNow + 10, true},
      {"nbf", kNow + 11, false},
      {"nbf", "x", false},
      {"nbf", nullptr, true},
      {"iat", kNow + 11, false},
      {"iat", nullptr, true},
  };
  for (const auto& test : kCases) {
    Json payload = Claimed();
    payload.erase(test.name);
    if (!test.value.is_null()) payload[test.name] = test.value;
    EXPECT_EQ(Accepts({{"alg", "HS256"}}, payload), test.accepted) << payload;
  }
}

TEST_F(TokensTest, EveryChangedByteIsNoticed) {
  const std::string token = tokens_->Issue(7, "zoe");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens_->Verify(changed)) << i;
  }
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), token + ".", token + "=", "x" + token,
        token.substr(0, token.size() - 1), std::string(5'000, 'a')}) {
    EXPECT_FALSE(tokens_->Verify(bad));
  }
  EXPECT_FALSE(tokens_->Verify(
      Make(R"({"alg":"HS256"})", Claimed().dump(), "another key of thirty-two bytes.")));
}

TEST_F(TokensTest, OldKeysVerifyUntilTheyAreRemoved) {
  const std::string old = tokens_->Issue(7, "zoe");
  std::ofstream(folder_ + "/next") << "fedcba9876543210fedcba9876543210";
  std::ofstream(folder_ + "/current") << "default\n";
  ring_->Refresh();
  EXPECT_TRUE(tokens_->Verify(old));
  const std::string still_old = tokens_->Issue(7, "zoe");
  std::ofstream(folder_ + "/current", std::ios::trunc) << "next\n";
  ring_->Refresh();
  const std::string fresh = tokens_->Issue(7, "zoe");
  EXPECT_NE(fresh.substr(0, fresh.find('.')), still_old.substr(0, still_old.find('.')))
      << "the old key still signs";
  EXPECT_TRUE(tokens_->Verify(still_old));
  EXPECT_TRUE(tokens_->Verify(fresh));
  std::filesystem::remove(folder_ + "/default");
  ring_->Refresh();
  EXPECT_FALSE(tokens_->Verify(old)) << "a withdrawn key still lets people in";
  EXPECT_TRUE(tokens_->Verify(fresh));
}

TEST(Bearer, TakesTheSchemeInAnyCase) {
  EXPECT_EQ(BearerCredentials("Bearer x"), "x");
  EXPECT_EQ(BearerCredentials("bEARER   x y"), "x y");
  EXPECT_EQ(BearerCredentials("Bearer"), "");
  for (const std::string_view none : {"", "Basic x", "Bearerx", "Bearer\tx", " Bearer x"}) {
    EXPECT_FALSE(BearerCredentials(none)) << none;
  }
}

}  // namespace
}  // namespace todo::auth
