#include "operator/kube/owner_reference.h"

#include <gtest/gtest.h>

namespace sb::kube {
namespace {

const Resource kBackends{"scalablebackend.io", "v1alpha1", "scalablebackends", "ScalableBackend"};
const Resource kClusterBackends{"scalablebackend.io", "v1alpha1", "clusterbackends",
                                "ClusterBackend", false};

Json Object(const char* namespace_, const char* name, const char* uid = "") {
  Json object{{"metadata", {{"name", name}}}};
  if (*namespace_) object["metadata"]["namespace"] = namespace_;
  if (*uid) object["metadata"]["uid"] = uid;
  return object;
}

class SetControllerTest : public testing::Test {
 protected:
  Json owner_ = Object("ns", "todo", "u1");
  Json child_ = Object("ns", "todo-api");
};

TEST_F(SetControllerTest, WritesWhatTheGarbageCollectorNeeds) {
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  EXPECT_EQ(child_["metadata"]["ownerReferences"],
            Json::parse(R"([{"apiVersion": "scalablebackend.io/v1alpha1",
                             "kind": "ScalableBackend", "name": "todo", "uid": "u1",
                             "controller": true, "blockOwnerDeletion": true}])"));
  const Json once = child_;
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  EXPECT_EQ(child_, once);
}

TEST_F(SetControllerTest, KeepsOtherOwners) {
  child_["metadata"]["ownerReferences"] =
      Json::parse(R"([{"apiVersion":"v1","kind":"ConfigMap","name":"c","uid":"u9"}])");
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  EXPECT_EQ(child_["metadata"]["ownerReferences"].size(), 2u);
  EXPECT_EQ(child_["metadata"]["ownerReferences"][0]["uid"], "u9");
  EXPECT_EQ(StringAt(*ControllerOf(child_), {"uid"}), "u1");
}

TEST_F(SetControllerTest, APlainOwnerBecomesTheController) {
  child_["metadata"]["ownerReferences"] = Json::parse(
      R"([{"apiVersion":"scalablebackend.io/v1alpha1","kind":"ScalableBackend",
           "name":"todo","uid":"u1"}])");
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  EXPECT_EQ(child_["metadata"]["ownerReferences"].size(), 1u);
  EXPECT_TRUE(ControllerOf(child_));
}

// controller-runtime: AlreadyOwnedError.
TEST_F(SetControllerTest, RefusesASecondController) {
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  const Json before = child_;
  const auto second = SetController(Object("ns", "other", "u2"), kBackends, child_, Deployments());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(second.error().message,
            "Deployment ns/todo-api: cannot be owned by ScalableBackend ns/other: its controller "
            "is ScalableBackend todo; delete or rename one of the two");
  EXPECT_EQ(child_, before);
}

TEST_F(SetControllerTest, TakesOverFromAnEarlierObjectOfTheOwnersName) {
  ASSERT_TRUE(SetController(Object("ns", "todo", "u0"), kBackends, child_, Deployments()));
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  ASSERT_EQ(child_["metadata"]["ownerReferences"].size(), 1u);
  EXPECT_EQ(child_["metadata"]["ownerReferences"][0]["uid"], "u1");
}

TEST_F(SetControllerTest, AnotherGroupsKindOfTheSameNameIsAnotherOwner) {
  const Resource foreign{"example.com", "v1", "scalablebackends", "ScalableBackend"};
  ASSERT_TRUE(SetController(Object("ns", "todo", "u5"), foreign, child_, Deployments()));
  EXPECT_FALSE(SetController(owner_, kBackends, child_, Deployments()));
}

struct RefusedCase {
  const char* what;
  Json owner;
  Resource owner_kind;
  Json object;
  Resource object_kind;
  const char* why;
};

TEST(SetController, RefusesWhatTheGarbageCollectorWouldDelete) {
  const RefusedCase cases[] = {
      {"across namespaces", Object("ns", "todo", "u1"), kBackends, Object("other", "x"),
       Deployments(), "different namespaces"},
      {"a cluster-scoped child of a namespaced owner", Object("ns", "todo", "u1"), kBackends,
       Object("", "x"), StorageClasses(), "in none"},
      {"an owner that was never stored", Object("ns", "todo"), kBackends, Object("ns", "x"),
       Deployments(), "no UID"},
      {"an owner without a name", Object("ns", "", "u1"), kBackends, Object("ns", "x"),
       Deployments(), "no UID or name"},
  };
  for (const RefusedCase& each : cases) {
    Json object = each.object;
    const auto set = SetController(each.owner, each.owner_kind, object, each.object_kind);
    ASSERT_FALSE(set) << each.what;
    EXPECT_EQ(set.error().code, ErrorCode::kInvalidArgument) << each.what;
    EXPECT_NE(set.error().message.find(each.why), std::string::npos) << set.error().message;
    EXPECT_EQ(object, each.object) << each.what;
  }
}

TEST(SetController, AClusterScopedOwnerOwnsAnything) {
  const Json owner = Object("", "all", "u1");
  Json in_namespace = Object("ns", "x");
  Json in_none = Object("", "x");
  EXPECT_TRUE(SetController(owner, kClusterBackends, in_namespace, Deployments()));
  EXPECT_TRUE(SetController(owner, kClusterBackends, in_none, StorageClasses()));
  EXPECT_EQ(OwnerKey(in_namespace, kClusterBackends), (ObjectKey{"", "all"}));
}

TEST_F(SetControllerTest, AnEventOfTheChildFindsTheOwner) {
  EXPECT_EQ(OwnerKey(child_, kBackends), std::nullopt);
  ASSERT_TRUE(SetController(owner_, kBackends, child_, Deployments()));
  EXPECT_EQ(OwnerKey(child_, kBackends), (ObjectKey{"ns", "todo"}));
  Resource next = kBackends;
  next.version = "v1beta1";
  EXPECT_EQ(OwnerKey(child_, next), (ObjectKey{"ns", "todo"})) << "any version";
  EXPECT_EQ(OwnerKey(child_, Deployments()), std::nullopt);
  EXPECT_TRUE(IsOwnedBy(child_, "u1"));
  EXPECT_FALSE(IsOwnedBy(child_, "u2"));
  EXPECT_FALSE(IsOwnedBy(child_, ""));
}

TEST(OwnerKey, OnlyTheControllerCounts) {
  Json child = Object("ns", "x");
  child["metadata"]["ownerReferences"] = Json::parse(
      R"([{"apiVersion":"scalablebackend.io/v1alpha1","kind":"ScalableBackend",
           "name":"todo","uid":"u1"}])");
  EXPECT_EQ(OwnerKey(child, kBackends), std::nullopt);
}

TEST(OwnerKey, NonsenseIsNobody) {
  for (const char* owners : {"{}", "\"x\"", "[1, null, \"x\"]", "[{\"controller\": \"true\"}]"}) {
    Json child = Object("ns", "x");
    child["metadata"]["ownerReferences"] = Json::parse(owners);
    EXPECT_EQ(OwnerKey(child, kBackends), std::nullopt) << owners;
    EXPECT_FALSE(IsOwnedBy(child, "u1")) << owners;
  }
}

}  // namespace
}  // namespace sb::kube
