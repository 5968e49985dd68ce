// Lists of the fake as those of a kube-apiserver 1.34, whose documentation calls these rules
// "Resource versions".
#include <gtest/gtest.h>

#include "operator/kube/client.h"
#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {
namespace {

class FakeApiReads : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    Json body;
    std::string names;  // of the items
    std::string version;
    std::string token;
  };
  Answer List(std::vector<std::pair<std::string, std::string>> query,
              const std::string& accept = "application/json") {
    Request request{.path = Pods().Path(""), .query = std::move(query), .accept = accept};
    const auto response = server_.Send(request, std::chrono::seconds(1), {});
    Answer answer{response->status, Json::parse(response->body), "", "", ""};
    if (answer.status != 200) return answer;
    for (const Json& item : answer.body["items"]) answer.names += KeyOf(item).name;
    answer.version = ResourceVersionOf(answer.body);
    answer.token = StringAt(answer.body, {"metadata", "continue"});
    return answer;
  }
  std::string Make(const std::string& name) {
    return ResourceVersionOf(server_.Put(
        Pods(), {{"metadata", {{"name", name}, {"namespace", "ns"}}}, {"spec", {{"x", 1}}}}));
  }
  static std::string ReasonOf(const Answer& answer) { return StringAt(answer.body, {"reason"}); }

  FakeApiServer server_;
};

TEST_F(FakeApiReads, VersionZeroComesFromTheCacheWhichKnowsNoPages) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  EXPECT_EQ(List({{"resourceVersion", "0"}, {"limit", "2"}}).names, "abc");
  server_.Become({.watch_cache = false});
  EXPECT_EQ(List({{"resourceVersion", "0"}, {"limit", "2"}}).names, "ab");
}

TEST_F(FakeApiReads, PagesSayHowManyRemainUnlessASelectorHidesIt) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  const Answer page = List({{"limit", "1"}});
  EXPECT_EQ(page.body["metadata"]["remainingItemCount"], 2);
  EXPECT_FALSE(List({{"limit", "1"}, {"labelSelector", "!x"}})
                   .body["metadata"]
                   .contains("remainingItemCount"));
  EXPECT_EQ(List({{"limit", "1"}, {"continue", page.token}}).names, "b");
  EXPECT_EQ(List({{"continue", page.token}}).names, "bc");
}

TEST_F(FakeApiReads, APageMayBeEmptyAndNotTheLast) {
  for (const char* name : {"a", "b"}) Make(name);
  server_.Become({.empty_pages = 2});
  std::string names;
  int pages = 0;
  Answer page = List({{"limit", "1"}});
  for (names = page.names; !page.token.empty(); names += page.names, ++pages) {
    page = List({{"limit", "1"}, {"continue", page.token}});
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(page.version, "3");
  }
  EXPECT_EQ(names, "ab");
  EXPECT_EQ(pages, 3);
}

TEST_F(FakeApiReads, AVersionIsNotOlderThanAndWithALimitExactlyThat) {
  const std::string one = Make("a");
  Make("b");
  EXPECT_EQ(List({{"resourceVersion", one}}).names, "ab");
  EXPECT_EQ(List({{"resourceVersion", one}, {"limit", "9"}}).names, "a") << "legacy exact match";
  EXPECT_EQ(List({{"resourceVersion", one}, {"resourceVersionMatch", "Exact"}}).version, one);
  EXPECT_EQ(
      List({{"resourceVersion", one}, {"resourceVersionMatch", "NotOlderThan"}, {"limit", "9"}})
          .names,
      "ab");
  server_.Compact();
  Make("c");
  EXPECT_EQ(List({{"resourceVersion", one}}).names, "abc") << "never Gone";
  const Answer gone = List({{"resourceVersion", one}, {"resourceVersionMatch", "Exact"}});
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(ReasonOf(gone), "Expired");
}

TEST_F(FakeApiReads, WhatCannotBeCombinedIsRefused) {
  Make("a");
  Make("b");
  const std::string token = List({{"limit", "1"}}).token;
  using Query = std::vector<std::pair<std::string, std::string>>;
  for (const Query& query :
       {Query{{"continue", token}, {"resourceVersion", "1"}},
        Query{{"continue", token}, {"resourceVersionMatch", "Exact"}},
        Query{{"continue", "nonsense"}}, Query{{"resourceVersionMatch", "Exact"}},
        Query{{"resourceVersion", "0"}, {"resourceVersionMatch", "Exact"}},
        Query{{"resourceVersion", "1"}, {"resourceVersionMatch", "Roughly"}},
        Query{{"sendInitialEvents", "true"}}, Query{{"labelSelector", "a like (b)"}}}) {
    EXPECT_EQ(List(query).status, 400) << query[0].first << "=" << query[0].second;
  }
}

TEST_F(FakeApiReads, ACacheThatLagsAnswersOldAndSaysWhatItDoesNotHave) {
  const std::string one = Make("a");
  const std::string two = Make("b");
  server_.Become({.cache_lag = 1});
  EXPECT_EQ(List({{"resourceVersion", "0"}}).names, "a");
  EXPECT_EQ(List({{"resourceVersion", one}}).names, "a");
  EXPECT_EQ(List({}).names, "ab") << "the latest comes from etcd";
  const Answer ahead = List({{"resourceVersion", two}});
  EXPECT_EQ(ahead.status, 504);
  const Error error = ErrorFromStatus(ahead.body, 504, "x");
  EXPECT_TRUE(IsTooLarge(error)) << error.message;
  EXPECT_EQ(error.retry_after_ms, 1000);
  Make("c");
  EXPECT_EQ(List({{"resourceVersion", two}}).names, "ab");
  server_.Become({.cache_lag = 2});
  EXPECT_EQ(List({{"resourceVersion", "0"}}).names, "ab") << "a cache does not unlearn";
  server_.Restart();
  EXPECT_EQ(List({{"resourceVersion", "0"}}).names, "a") << "another one may be further behind";
}

TEST_F(FakeApiReads, MetadataOnlyIsWhatTheAcceptHeaderAsksFor) {
  Make("a");
  const Answer list =
      List({}, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
  EXPECT_EQ(list.body["kind"], "PartialObjectMetadataList");
  EXPECT_EQ(list.body["apiVersion"], "meta.k8s.io/v1");
  const Json& item = list.body["items"][0];
  EXPECT_EQ(item["kind"], "PartialObjectMetadata");
  EXPECT_EQ(KeyOf(item).name, "a");
  EXPECT_FALSE(item.contains("spec"));
  const Json full = List({}).body;
  EXPECT_EQ(full["kind"], "PodList");
  EXPECT_FALSE(full["items"][0].contains("kind")) << "items of typed lists have none";
  EXPECT_TRUE(full["items"][0].contains("spec"));
}

TEST_F(FakeApiReads, ARestoreGoesBackAndARestoreWithABumpDoesNot) {
  const std::string one = Make("a");
  const auto backup = server_.BackUp();
  const std::string two = Make("b");
  server_.Restore(backup);
  EXPECT_EQ(List({}).names, "a");
  EXPECT_EQ(List({}).version, one);
  EXPECT_EQ(List({{"resourceVersion", two}}).status, 504);
  server_.Restore(backup, 1'000);
  EXPECT_EQ(List({}).names, "a");
  EXPECT_GT(std::stoi(List({}).version), std::stoi(two));
  EXPECT_EQ(List({{"resourceVersion", two}, {"resourceVersionMatch", "Exact"}}).status, 410);
}

TEST_F(FakeApiReads, ALeaseIsTakenByOneOfTwoWhoHaveReadTheSameVersion) {
  Client client(server_);
  Json lease{{"metadata", {{"name", "leader"}, {"namespace", "ns"}}},
             {"spec", {{"holderIdentity", ""}}}};
  lease = *client.Create(Leases(), lease, "me");
  Json mine = lease, theirs = lease;
  mine["spec"]["holderIdentity"] = "me";
  theirs["spec"]["holderIdentity"] = "they";
  EXPECT_TRUE(client.Update(Leases(), mine));
  const auto refused = client.Update(Leases(), theirs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ((*client.Get(Leases(), {"ns", "leader"}))["spec"]["holderIdentity"], "me");
}

TEST_F(FakeApiReads, AScriptedRefusalSaysWhenToComeBack) {
  Client client(server_);
  server_.FailNext({.method = "GET"}, 429, "TooManyRequests", 7);
  const auto refused = client.Get(Pods(), {"ns", "a"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooManyRequests);
  EXPECT_EQ(refused.error().retry_after_ms, 7'000);
  server_.FailNext({.method = "GET"}, 503, "ServiceUnavailable", 2);
  const auto response = server_.Send({.path = "/api/v1/pods"}, std::chrono::seconds(1), {});
  EXPECT_EQ(response->headers.find("retry-after")->second, "2");
}

}  // namespace
}  // namespace sb::kube
