// Credentials that change while the operator runs, and what it may know of Secrets.
#include "operator/process/secret_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base64.h"
#include "common/testing/fake_clock.h"

namespace sb::process {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class SecretReaderTest : public testing::Test {
 protected:
  std::string Value(const std::string& key = "token") {
    const auto value = reader_.Value("shop", {"prom", key});
    return value ? *value : value.error().message;
  }

  FakeClock clock_;
  int reads_ = 0;
  Expected<Json> secret_ = Json{{"data", {{"token", EncodeBase64("one")}}}};
  SecretReader reader_{[this](const kube::ObjectKey& name) -> Expected<Json> {
                         EXPECT_EQ(name, (kube::ObjectKey{"shop", "prom"}));
                         ++reads_;
                         return secret_;
                       },
                       clock_};
};

TEST_F(SecretReaderTest, IsReadOnceAMinute) {
  EXPECT_EQ(Value(), "one");
  secret_ = Json{{"data", {{"token", EncodeBase64("two")}}}};
  clock_.Advance(59s);
  EXPECT_EQ(Value(), "one");
  EXPECT_EQ(reads_, 1);
  clock_.Advance(2s);
  EXPECT_EQ(Value(), "two");
}

TEST_F(SecretReaderTest, ARefusalIsAReasonToLookAtOnceButNotAgainAndAgain) {
  EXPECT_EQ(Value(), "one");
  clock_.Advance(6s);
  EXPECT_FALSE(reader_.Refresh("shop", {"prom"})) << "nothing has changed";
  EXPECT_EQ(reads_, 2);
  EXPECT_FALSE(reader_.Refresh("shop", {"prom"}));
  EXPECT_EQ(reads_, 2) << "a wrong password must not load the API server";
  clock_.Advance(6s);
  secret_ = Json{{"data", {{"token", EncodeBase64("two")}}}};
  EXPECT_TRUE(reader_.Refresh("shop", {"prom"}));
  EXPECT_EQ(Value(), "two");
  EXPECT_EQ(reads_, 3);
}

TEST_F(SecretReaderTest, WhatIsMissingIsNamedAndFoundSoonAfterItIsThere) {
  EXPECT_EQ(Value("other"), "Secret shop/prom has no key other; add it");
  secret_ = Fail(ErrorCode::kNotFound, "not found");
  clock_.Advance(61s);
  EXPECT_EQ(Value(), "Secret shop/prom does not exist; create it with the key token");
  const int reads = reads_;
  clock_.Advance(4s);
  EXPECT_THAT(Value(), HasSubstr("does not exist"));
  EXPECT_EQ(reads_, reads);
  clock_.Advance(2s);
  secret_ = Json{{"data", {{"token", EncodeBase64("three")}}}};
  EXPECT_EQ(Value(), "three");
}

// An API server that is away must not take Prometheus away with it.
TEST_F(SecretReaderTest, TheLastValueCountsWhileNobodyCanBeAsked) {
  EXPECT_EQ(Value(), "one");
  secret_ = Fail(ErrorCode::kUnavailable, "down");
  clock_.Advance(10min);
  EXPECT_EQ(Value(), "one");
  EXPECT_EQ(Value("other"), "Secret shop/prom cannot be read: down");
}

TEST_F(SecretReaderTest, WhatNobodyWantsIsForgotten) {
  EXPECT_EQ(Value(), "one");
  clock_.Advance(11min);
  SecretReader other([](const kube::ObjectKey&) { return Json::object(); }, clock_);
  EXPECT_EQ(reader_.size(), 1u);
  EXPECT_FALSE(other.Value("shop", {"a", "k"}));
  clock_.Advance(11min);
  EXPECT_FALSE(other.Value("shop", {"b", "k"}));
  EXPECT_EQ(other.size(), 1u);
}

}  // namespace
}  // namespace sb::process
