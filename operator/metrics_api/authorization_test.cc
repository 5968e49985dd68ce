#include "operator/metrics_api/authorization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/metrics_api/test_clock.h"

namespace sb::metrics_api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

const Access kMetric{"default", "rate", ""};
const Access kDiscovery{"", "", "/apis"};
const User kAlice{"alice", "1", {"devs"}, {{"scopes", {"a"}}}};

class AuthorizationTest : public testing::Test {
 protected:
  void Allow(bool allowed) {
    answer_ = Json{{"status", {{"allowed", allowed}, {"reason", "why"}}}};
  }

  TestClock clock_;
  Expected<Json> answer_ = Json::object();
  std::vector<Json> reviews_;
  Authorizer authorizer_{[this](const std::string& path, const Json& body) {
                           EXPECT_EQ(path, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
                           reviews_.push_back(body);
                           return answer_;
                         },
                         clock_};
};

TEST_F(AuthorizationTest, AsksAsTheApiServerWould) {
  Allow(true);
  EXPECT_TRUE(authorizer_.ReviewAccess(kAlice, kMetric));
  EXPECT_EQ(reviews_.at(0)["spec"], Json::parse(R"({
      "user": "alice", "uid": "1", "groups": ["devs"], "extra": {"scopes": ["a"]},
      "resourceAttributes": {"namespace": "default", "verb": "list", "resource": "rate",
                             "group": "external.metrics.k8s.io", "version": "v1beta1"}})"));
  EXPECT_TRUE(authorizer_.ReviewAccess(kAlice, kDiscovery));
  EXPECT_EQ(reviews_.at(1)["spec"]["nonResourceAttributes"],
            (Json{{"path", "/apis"}, {"verb", "get"}}));
}

TEST_F(AuthorizationTest, RemembersForTenSeconds) {
  EXPECT_EQ(authorizer_.AuthorizeAtOnce(kAlice, kMetric), std::nullopt);
  Allow(true);
  EXPECT_TRUE(authorizer_.ReviewAccess(kAlice, kMetric));
  clock_.Advance(9s);
  EXPECT_TRUE(authorizer_.AuthorizeAtOnce(kAlice, kMetric)->has_value());
  EXPECT_EQ(authorizer_.AuthorizeAtOnce(kAlice, {"other", "rate", ""}), std::nullopt);
  EXPECT_EQ(authorizer_.AuthorizeAtOnce({"alice", "1", {"devs"}, {}}, kMetric), std::nullopt)
      << "the same name with other rights is somebody else";
  clock_.Advance(2s);
  EXPECT_EQ(authorizer_.AuthorizeAtOnce(kAlice, kMetric), std::nullopt);
}

TEST_F(AuthorizationTest, ARefusalSaysWhatIsMissing) {
  Allow(false);
  const auto refused = authorizer_.ReviewAccess(kAlice, kMetric);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(refused.error().message,
              HasSubstr("User \"alice\" cannot list resource \"rate\" in API group "
                        "\"external.metrics.k8s.io\" in the namespace \"default\": why"));
  const auto known = authorizer_.AuthorizeAtOnce(kAlice, kMetric);
  ASSERT_TRUE(known);
  EXPECT_FALSE(*known);
}

TEST_F(AuthorizationTest, DeniedBeatsAllowed) {
  answer_ = Json{{"status", {{"allowed", true}, {"denied", true}}}};
  EXPECT_FALSE(authorizer_.ReviewAccess(kAlice, kMetric));
}

TEST_F(AuthorizationTest, MastersNeedNoReview) {
  EXPECT_TRUE(authorizer_.AuthorizeAtOnce({"kube-aggregator", "", {"system:masters"}, {}}, kMetric)
                  ->has_value());
  EXPECT_THAT(reviews_, SizeIs(0));
}

TEST_F(AuthorizationTest, AnApiServerThatIsAwayIsNeitherYesNorNo) {
  answer_ = Fail(ErrorCode::kUnavailable, "refused");
  EXPECT_EQ(authorizer_.ReviewAccess(kAlice, kMetric).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(authorizer_.AuthorizeAtOnce(kAlice, kMetric), std::nullopt);
}

TEST(ReviewCacheTest, IsBounded) {
  TestClock clock;
  ReviewCache<int> cache(clock, 10s, 3);
  for (int i = 0; i < 5; ++i) cache.Put(std::to_string(i), i);
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.Find("1"), std::nullopt) << "the oldest goes first";
  EXPECT_EQ(cache.Find("4"), 4);
  cache.Put("2", 22);
  cache.Put("5", 5);
  EXPECT_EQ(cache.Find("2"), 22) << "renewed";
  EXPECT_EQ(cache.Find("3"), std::nullopt);
  clock.Advance(11s);
  cache.Put("6", 6);
  EXPECT_EQ(cache.size(), 1u) << "what has expired makes room";
}

}  // namespace
}  // namespace sb::metrics_api
