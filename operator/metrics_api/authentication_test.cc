#include "operator/metrics_api/authentication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/metrics_api/test_authority.h"
#include "operator/metrics_api/test_clock.h"

namespace sb::metrics_api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

class AuthenticationTest : public testing::Test {
 protected:
  AuthenticationTest() { authenticator_.OnConfigMap(ConfigMap()); }

  Json ConfigMap() {
    return {{"data",
             {{"client-ca-file", clients_.pem()},
              {"requestheader-client-ca-file", proxies_.pem()},
              {"requestheader-allowed-names", R"(["front-proxy-client"])"},
              {"requestheader-username-headers", R"(["X-Remote-User"])"},
              {"requestheader-group-headers", R"(["X-Remote-Group"])"},
              {"requestheader-extra-headers-prefix", R"(["X-Remote-Extra-"])"}}}};
  }

  std::optional<Expected<User>> Ask(const std::string& certificate,
                                    std::vector<http::HeaderField> fields = {}) {
    fields_ = std::move(fields);
    const http::Request request{.method = "GET",
                                .path = "/apis",
                                .query = "",
                                .body = "",
                                .fields = fields_,
                                .peer_certificate_pem = certificate};
    return authenticator_.AuthenticateAtOnce(request);
  }

  // Nobody got in, and nobody is asked.
  void ExpectRefused(const std::optional<Expected<User>>& user) {
    ASSERT_TRUE(user);
    ASSERT_FALSE(*user);
    EXPECT_EQ(user->error().code, ErrorCode::kUnauthenticated);
  }

  TestAuthority proxies_{"front-proxy-ca"};
  TestAuthority clients_{"kubernetes"};
  TestClock clock_;
  std::vector<Json> reviews_;
  Expected<Json> answer_ = Json::object();
  Authenticator authenticator_{[this](const std::string& path, const Json& body) {
                                 EXPECT_EQ(path, "/apis/authentication.k8s.io/v1/tokenreviews");
                                 reviews_.push_back(body);
                                 return answer_;
                               },
                               clock_};
  std::vector<http::HeaderField> fields_;
};

TEST_F(AuthenticationTest, TheFrontProxySaysWhoItIs) {
  const auto user = Ask(proxies_.Client("front-proxy-client").certificate_pem,
                        {{"X-Remote-User", "system:serviceaccount:kube-system:hpa"},
                         {"x-remote-group", "system:serviceaccounts"},
                         {"X-Remote-Group", "system:authenticated"},
                         {"X-Remote-Extra-Example.org%2fScopes", "read"},
                         {"X-Remote-Extra-Example.org%2fScopes", "list"}});
  ASSERT_TRUE(user && *user) << (user ? user->error().message : "asked");
  EXPECT_EQ((*user)->name, "system:serviceaccount:kube-system:hpa");
  EXPECT_THAT((*user)->groups, ElementsAre("system:serviceaccounts", "system:authenticated"));
  EXPECT_THAT((*user)->extra.at("example.org/scopes"), ElementsAre("read", "list"));
}

// Whoever could forge these headers would be whoever he likes.
TEST_F(AuthenticationTest, HeadersOfOthersAreNotBelieved) {
  const std::vector<http::HeaderField> forged = {{"X-Remote-User", "admin"},
                                                 {"X-Remote-Group", "system:masters"}};
  TestAuthority stranger("front-proxy-ca");
  ExpectRefused(Ask("", forged));
  ExpectRefused(Ask("junk", forged));
  ExpectRefused(Ask(stranger.Client("front-proxy-client").certificate_pem, forged));
  ExpectRefused(Ask(proxies_.Client("somebody-else").certificate_pem, forged));
  ExpectRefused(
      Ask(proxies_.Client("front-proxy-client", {}, "serverAuth").certificate_pem, forged));
  const auto client = Ask(clients_.Client("front-proxy-client", {"devs"}).certificate_pem, forged);
  ASSERT_TRUE(client && *client);
  EXPECT_EQ((*client)->name, "front-proxy-client");
  EXPECT_THAT((*client)->groups, ElementsAre("devs", "system:authenticated"));
}

TEST_F(AuthenticationTest, WithoutAllowedNamesAnyCertificateOfTheProxysAuthorityWill) {
  Json config_map = ConfigMap();
  config_map["data"]["requestheader-allowed-names"] = "[]";
  authenticator_.OnConfigMap(config_map);
  const auto user = Ask(proxies_.Client("any").certificate_pem, {{"X-Remote-User", "alice"}});
  ASSERT_TRUE(user && *user);
  EXPECT_EQ((*user)->name, "alice");
}

TEST_F(AuthenticationTest, AClientCertificateNamesItsUser) {
  const auto user = Ask(clients_.Client("alice", {"devs", "ops"}).certificate_pem);
  ASSERT_TRUE(user && *user);
  EXPECT_EQ((*user)->name, "alice");
  EXPECT_THAT((*user)->groups, ElementsAre("devs", "ops", "system:authenticated"));
  ExpectRefused(Ask(clients_.Client("").certificate_pem));
}

TEST_F(AuthenticationTest, AnExpiredCertificateNamesNobody) {
  const auto pair = clients_.Client("alice");
  clock_.Advance(2h);
  const auto user = Ask(pair.certificate_pem);
  ExpectRefused(user);
  EXPECT_THAT(user->error().message, HasSubstr("expired"));
}

TEST_F(AuthenticationTest, ACertificateThatWasAcceptedIsStillRefusedOnceItHasExpired) {
  const auto alice = clients_.Client("alice"), bob = clients_.Client("bob");
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ((*Ask(alice.certificate_pem))->name, "alice");
    EXPECT_EQ((*Ask(bob.certificate_pem))->name, "bob");
    EXPECT_EQ((*Ask(bob.certificate_pem))->name, "bob");
  }
  clock_.Advance(2h);
  ExpectRefused(Ask(bob.certificate_pem));
  clock_.Advance(-2h);
  EXPECT_TRUE(*Ask(bob.certificate_pem));
}

TEST_F(AuthenticationTest, AuthoritiesCanBeReplaced) {
  const auto old = clients_.Client("alice");
  TestAuthority successor("kubernetes");
  Json config_map = ConfigMap();
  config_map["data"]["client-ca-file"] = successor.pem();
  EXPECT_TRUE(*Ask(old.certificate_pem));
  authenticator_.OnConfigMap(config_map);
  ExpectRefused(Ask(old.certificate_pem));
  EXPECT_TRUE(*Ask(successor.Client("bob").certificate_pem));
}

TEST_F(AuthenticationTest, NobodyIsRefused) {
  ExpectRefused(Ask(""));
  ExpectRefused(Ask("", {{"Authorization", "Basic YTpi"}}));
  ExpectRefused(Ask("", {{"Authorization", "Bearer "}}));
  const std::string huge(20'000, 'x');
  const std::string header = "Bearer " + huge;
  ExpectRefused(Ask("", {{"Authorization", header}}));
  ExpectRefused(Ask("", {{"Authorization", "Bearer \xff"}}));
  EXPECT_THAT(reviews_, SizeIs(0));
}

TEST_F(AuthenticationTest, ATokenIsReviewedOnceInTenSeconds) {
  answer_ = Json::parse(R"({"status": {"authenticated": true, "user": {"username": "bob",
      "uid": "7", "groups": ["devs"], "extra": {"scopes": ["a"]}}}})");
  const std::vector<http::HeaderField> bearer = {{"authorization", "bearer secret"}};
  EXPECT_FALSE(Ask("", bearer)) << "has to be asked";
  const auto reviewed = authenticator_.ReviewToken("secret");
  ASSERT_TRUE(reviewed);
  const User bob{"bob", "7", {"devs", "system:authenticated"}, {{"scopes", {"a"}}}};
  EXPECT_EQ(*reviewed, bob);
  EXPECT_EQ(reviews_.at(0)["spec"]["token"], "secret");
  EXPECT_EQ(**Ask("", bearer), bob);
  clock_.Advance(11s);
  EXPECT_FALSE(Ask("", bearer)) << "has to be asked again";
}

TEST_F(AuthenticationTest, ARefusedTokenIsRememberedToo) {
  answer_ = Json::parse(R"({"status": {"authenticated": false, "error": "expired"}})");
  EXPECT_EQ(authenticator_.ReviewToken("old").error().code, ErrorCode::kUnauthenticated);
  ExpectRefused(Ask("", {{"Authorization", "Bearer old"}}));
}

TEST_F(AuthenticationTest, AnApiServerThatIsAwayIsNoRefusal) {
  answer_ = Fail(ErrorCode::kUnavailable, "refused");
  EXPECT_EQ(authenticator_.ReviewToken("t").error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(Ask("", {{"Authorization", "Bearer t"}})) << "nothing is remembered";
}

TEST_F(AuthenticationTest, AnAnswerWithoutAUserIsARefusal) {
  for (const char* status : {R"({"authenticated": true})", R"({"authenticated": true, "user": {}})",
                             R"({"authenticated": "true", "user": {"username": "x"}})", R"(7)"}) {
    answer_ = Json{{"status", Json::parse(status)}};
    EXPECT_FALSE(authenticator_.ReviewToken("t")) << status;
  }
}

}  // namespace
}  // namespace sb::metrics_api
