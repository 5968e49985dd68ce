// A Prometheus behind credentials, from the Secret to the sample: what a user sees while the Secret
// is missing, wrong, or being rotated.
#include "operator/process/prometheus_asker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base64.h"
#include "common/testing/fake_clock.h"

namespace sb::process {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class PrometheusAskerTest : public testing::Test {
 protected:
  static scaling::Source WithToken() {
    return {"http://p", "q",
            std::make_shared<const api::PrometheusAccess>(
                api::PrometheusAccess{.namespace_ = "shop", .bearer_token = {{"prom", "token"}}})};
  }
  void SetToken(const std::string& token) {
    secret_ = Json{{"data", {{"token", EncodeBase64(token)}}}};
  }

  FakeClock clock_;
  Expected<Json> secret_ = Fail(ErrorCode::kNotFound, "not found");
  std::string right_ = "Bearer old-token";
  std::vector<std::string> sent_;
  SecretReader secrets_{[this](const kube::ObjectKey&) { return secret_; }, clock_};
  PrometheusAsker ask_{
      secrets_,
      [this](const std::string&, const std::string&, Duration,
             const promql::Credentials& credentials) -> Expected<promql::InstantVector> {
        const std::string authorization =
            credentials.headers.empty() ? "" : credentials.headers[0].second;
        sent_.push_back(authorization);
        if (authorization != right_) {
          return Fail(ErrorCode::kUnauthenticated,
                      "http://p answered 401; it wants the right credentials");
        }
        return promql::InstantVector{{.value = 1}};
      },
      clock_};
};

TEST_F(PrometheusAskerTest, AMissingSecretIsAskedForByName) {
  const auto vector = ask_(WithToken(), 3s);
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(vector.error().message,
            "Secret shop/prom does not exist; create it with the key token");
  EXPECT_TRUE(sent_.empty()) << "asked without credentials, it may answer for another tenant";
}

TEST_F(PrometheusAskerTest, ARotatedTokenCostsNoSample) {
  SetToken("old-token");
  EXPECT_TRUE(ask_(WithToken(), 3s));
  SetToken("new-token");
  right_ = "Bearer new-token";
  clock_.Advance(10s);
  EXPECT_TRUE(ask_(WithToken(), 3s));
  EXPECT_THAT(sent_, ElementsAre("Bearer old-token", "Bearer old-token", "Bearer new-token"));
}

TEST_F(PrometheusAskerTest, AWrongTokenIsSaidToBeRefusedAndNotShown) {
  SetToken("wrong-token");
  const auto vector = ask_(WithToken(), 3s);
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(vector.error().message, "http://p answered 401; it wants the right credentials");
  EXPECT_THAT(sent_, ElementsAre("Bearer wrong-token"));
}

TEST_F(PrometheusAskerTest, AServerThatWantsSomeSaysWhereToGiveThem) {
  const auto vector = ask_({"http://p", "q"}, 3s);
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(vector.error().message, HasSubstr("set bearerToken or basicAuth in "));
}

TEST_F(PrometheusAskerTest, KnowsEverySecretThatItTakesFrom) {
  const api::SecretKey a{"a", "k"}, b{"b", "k"}, c{"c", "k"}, d{"d", "k"}, e{"e", "k"};
  EXPECT_THAT(SecretNames({.username = a,
                           .password = a,
                           .authority = b,
                           .certificate = c,
                           .key = d,
                           .headers = {{"X", "", e}, {"Y", "y"}}}),
              ElementsAre("a", "b", "c", "d", "e"));
}

}  // namespace
}  // namespace sb::process
