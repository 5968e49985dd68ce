// The fake must behave as the real one where a controller can tell; each case here was checked
// against a kube-apiserver 1.34.
#include "operator/kube/testing/fake_api_server.h"

#include <gtest/gtest.h>

#include "operator/kube/client.h"
#include "operator/kube/testing/label_selector.h"

namespace sb::kube {
namespace {

const ObjectKey kTodo{"ns", "todo"};

Json Deployment(const Json& spec) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", "todo"}, {"namespace", "ns"}}},
          {"spec", spec}};
}

class FakeApiServerTest : public testing::Test {
 protected:
  Expected<Json> Apply(const Json& spec, const std::string& manager = "me", bool force = true) {
    return client_.Apply(Deployments(), Deployment(spec),
                         {.field_manager = manager, .force = force});
  }
  Json Spec() { return server_.Get(Deployments(), kTodo).value()["spec"]; }

  struct Page {
    std::vector<Json> items;
    ListEnd end;
  };
  Expected<Page> List(const Resource& resource, const ListOptions& options = {}) {
    Page page;
    auto end = client_.List(resource, options, [&](std::string_view item) -> Expected<void> {
      page.items.push_back(Json::parse(item));
      return {};
    });
    if (!end) return tl::unexpected(std::move(end.error()));
    page.end = std::move(*end);
    return page;
  }

  FakeApiServer server_;
  Client client_{server_};
};

TEST_F(FakeApiServerTest, ApplyMakesThenChangesNothing) {
  const auto made = Apply({{"replicas", 2}});
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)["metadata"]["generation"], 1);
  const auto again = Apply({{"replicas", 2}});
  EXPECT_EQ(ResourceVersionOf(*again), ResourceVersionOf(*made));
  EXPECT_EQ(server_.writes().size(), 1u);
  const auto changed = Apply({{"replicas", 3}});
  EXPECT_EQ((*changed)["metadata"]["generation"], 2);
  EXPECT_EQ((*changed)["metadata"]["uid"], (*made)["metadata"]["uid"]);
}

TEST_F(FakeApiServerTest, WhatAManagerNoLongerAppliesIsRemovedUnlessOthersOwnIt) {
  ASSERT_TRUE(Apply({{"replicas", 2}, {"paused", true}}));
  ASSERT_TRUE(Apply({{"replicas", 2}}, "handover"));
  ASSERT_TRUE(Apply({{"strategy", "x"}}));
  EXPECT_EQ(Spec(), Json({{"replicas", 2}, {"strategy", "x"}}))
      << "the hand-over keeps the replicas";
  const auto managed = server_.Get(Deployments(), kTodo).value()["metadata"]["managedFields"];
  EXPECT_EQ(managed[0]["manager"], "handover");
  EXPECT_EQ(managed[0]["fieldsV1"], Json::parse(R"({"f:spec":{"f:replicas":{}}})"));
}

TEST_F(FakeApiServerTest, ConflictsNameFieldAndManager) {
  ASSERT_TRUE(Apply({{"replicas", 2}}, "kubectl"));
  ASSERT_TRUE(Apply({{"replicas", 2}}, "me", false)) << "the same value is shared";
  const auto refused = Apply({{"replicas", 5}}, "me", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("conflict with \"kubectl\": .spec.replicas"),
            std::string::npos)
      << refused.error().message;
  ASSERT_TRUE(Apply({{"replicas", 5}}, "me", true));
  ASSERT_TRUE(Apply({{"paused", true}}, "kubectl"));
  EXPECT_EQ(Spec()["replicas"], 5) << "kubectl no longer owns it";
}

TEST_F(FakeApiServerTest, ListsMergeByName) {
  const auto containers = [](const Json& list) {
    return Json{{"template", {{"spec", {{"containers", list}}}}}};
  };
  ASSERT_TRUE(Apply(containers({{{"name", "app"}, {"image", "a"}}})));
  ASSERT_TRUE(Apply(containers({{{"name", "proxy"}, {"image", "p"}}}), "mesh"));
  ASSERT_TRUE(Apply(containers({{{"name", "app"}, {"image", "b"}}})));
  EXPECT_EQ(Spec()["template"]["spec"]["containers"],
            Json::parse(R"([{"name":"app","image":"b"},{"name":"proxy","image":"p"}])"));
  ASSERT_TRUE(Apply({{"replicas", 1}}, "mesh"));
  EXPECT_EQ(Spec()["template"]["spec"]["containers"],
            Json::parse(R"([{"name":"app","image":"b"}])"));
}

TEST_F(FakeApiServerTest, StatusIsASubresource) {
  Json object = Deployment({{"replicas", 1}});
  object["status"]["x"] = 1;
  ASSERT_TRUE(client_.Apply(Deployments(), object, {.field_manager = "me"}));
  EXPECT_FALSE(server_.Get(Deployments(), kTodo)->contains("status"));
  object["spec"]["replicas"] = 9;
  const auto status =
      client_.Apply(Deployments(), object, {.field_manager = "me", .subresource = "status"});
  ASSERT_TRUE(status);
  EXPECT_EQ((*status)["status"]["x"], 1);
  EXPECT_EQ((*status)["spec"]["replicas"], 1);
  EXPECT_EQ((*status)["metadata"]["generation"], 1);
  ASSERT_TRUE(client_.MergePatch(Deployments(), kTodo,
                                 {{"status", {{"x", 2}}}, {"spec", {{"replicas", 4}}}}));
  EXPECT_EQ((*server_.Get(Deployments(), kTodo))["status"]["x"], 1);
  EXPECT_EQ(Spec()["replicas"], 4);
}

TEST_F(FakeApiServerTest, WritesAreConditional) {
  const auto made = client_.Create(Deployments(), Deployment({{"replicas", 1}}), "me");
  ASSERT_TRUE(made);
  EXPECT_EQ(client_.Create(Deployments(), Deployment({}), "me").error().code,
            ErrorCode::kAlreadyExists);
  Json stale = *made;
  stale["spec"]["replicas"] = 2;
  ASSERT_TRUE(client_.Update(Deployments(), stale));
  EXPECT_EQ(client_.Update(Deployments(), stale).error().code, ErrorCode::kConflict);
  EXPECT_EQ(client_
                .JsonPatch(Deployments(), kTodo,
                           Json::parse(R"([{"op":"test","path":"/spec/replicas","value":7}])"))
                .error()
                .code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(client_.Delete(Deployments(), kTodo, {.uid = "other"}).error().code,
            ErrorCode::kConflict);
  EXPECT_TRUE(client_.Delete(Deployments(), kTodo, {.uid = UidOf(*made)}));
  EXPECT_EQ(client_.Delete(Deployments(), kTodo).error().code, ErrorCode::kNotFound);
}

TEST_F(FakeApiServerTest, FinalizersHoldAndOwnersDrag) {
  Json owner = Deployment({});
  owner["metadata"]["finalizers"] = {"x/y"};
  owner = server_.Put(Deployments(), owner);
  Json child{
      {"metadata",
       {{"name", "child"}, {"namespace", "ns"}, {"ownerReferences", {{{"uid", UidOf(owner)}}}}}}};
  server_.Put(Services(), child);
  ASSERT_TRUE(client_.Delete(Deployments(), kTodo));
  EXPECT_TRUE(server_.Get(Deployments(), kTodo).value()["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(server_.CollectGarbage(), 0);
  server_.Edit(Deployments(), kTodo, [](Json& object) { object["metadata"].erase("finalizers"); });
  EXPECT_FALSE(server_.Get(Deployments(), kTodo));
  EXPECT_EQ(server_.CollectGarbage(), 1);
  EXPECT_FALSE(server_.Get(Services(), {"ns", "child"}));
}

TEST_F(FakeApiServerTest, FaultsHitTheRequestTheyAreMeantFor) {
  server_.FailNext({.method = "PATCH", .after = 1}, 500);
  server_.DropNext({.method = "PATCH", .after = 1}, true);
  EXPECT_TRUE(Apply({{"replicas", 1}}));
  EXPECT_EQ(Apply({{"replicas", 2}}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(Spec()["replicas"], 1) << "an error did nothing";
  EXPECT_EQ(Apply({{"replicas", 3}}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(Spec()["replicas"], 3) << "a lost answer did it";
}

TEST_F(FakeApiServerTest, ReadsCanBeStale) {
  ASSERT_TRUE(Apply({{"replicas", 1}}));
  const std::string then = server_.ResourceVersion();
  ASSERT_TRUE(Apply({{"replicas", 2}}));
  server_.FreezeReads(then);
  EXPECT_EQ((*client_.Get(Deployments(), kTodo))["spec"]["replicas"], 1);
  EXPECT_EQ(List(Deployments())->items.at(0)["spec"]["replicas"], 1);
  server_.FreezeReads("");
  EXPECT_EQ((*client_.Get(Deployments(), kTodo))["spec"]["replicas"], 2);
}

TEST_F(FakeApiServerTest, ListsPageAndExpire) {
  for (const char* name : {"a", "b", "c"}) {
    server_.Put(Pods(), {{"metadata", {{"name", name}, {"namespace", "ns"}}}});
  }
  auto page = List(Pods(), {.limit = 2});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 2u);
  const std::string token = page->end.continue_token;
  server_.Remove(Pods(), {"ns", "c"});
  page = List(Pods(), {.limit = 2, .continue_token = token});
  EXPECT_EQ(page->items.size(), 1u) << "pages show one moment";
  server_.Compact();
  EXPECT_EQ(List(Pods(), {.limit = 2, .continue_token = token}).error().code, ErrorCode::kGone);
  EXPECT_TRUE(IsTooLarge(List(Pods(), {.resource_version = "99999"}).error()));
}

TEST(Selector, ReadsEveryForm) {
  const Json object = Json::parse(
      R"({"metadata":{"name":"n","labels":{"a":"1","b/c":"x"}},"status":{"phase":"Running"}})");
  const std::pair<const char*, bool> kCases[] = {{"", true},
                                                 {"a=1", true},
                                                 {"a==1", true},
                                                 {"a!=1", false},
                                                 {"z!=1", true},
                                                 {"a", true},
                                                 {"!a", false},
                                                 {"!z", true},
                                                 {"a in (1, 2)", true},
                                                 {"a notin (1,2)", false},
                                                 {"z notin (1)", true},
                                                 {"b/c=x,a in (2)", false},
                                                 {"b/c=x,a in (1,2)", true}};
  for (const auto& [text, matches] : kCases) {
    const auto selector = Selector::Labels(text);
    ASSERT_TRUE(selector) << text;
    EXPECT_EQ(selector->Matches(object), matches) << text;
  }
  EXPECT_TRUE(Selector::Fields("metadata.name=n,status.phase!=Pending")->Matches(object));
  EXPECT_FALSE(Selector::Labels("a like (b)"));
}

}  // namespace
}  // namespace sb::kube
