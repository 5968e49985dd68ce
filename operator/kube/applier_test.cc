#include "operator/kube/applier.h"

#include <gtest/gtest.h>

#include "operator/kube/client.h"
#include "operator/kube/quantity.h"
#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {
namespace {

struct Case {
  const char* what;
  const char* desired;
  const char* live;
  const char* where;  // "" if covered
};

class CoversTest : public testing::TestWithParam<Case> {};

TEST_P(CoversTest, FindsTheFirstDifference) {
  std::string where;
  const bool covers = Covers(Json::parse(GetParam().desired), Json::parse(GetParam().live), &where);
  EXPECT_EQ(covers, GetParam().where[0] == '\0') << GetParam().what << ": " << where;
  EXPECT_EQ(where, GetParam().where) << GetParam().what;
}

const Case kCases[] = {
    {"defaults and fields of others are welcome", R"({"spec":{"replicas":2}})",
     R"({"spec":{"replicas":2,"paused":false},"status":{}})", ""},
    {"a changed scalar", R"({"spec":{"replicas":2}})", R"({"spec":{"replicas":3}})",
     "spec.replicas: want 2, have 3"},
    {"a missing field", R"({"spec":{"paused":true}})", R"({"spec":{}})",
     "spec.paused: want true, have nothing"},
    {"zero values that the server leaves out",
     R"({"spec":{"hostNetwork":false,"x":"","l":{},"n":null,"s":{"a":{}}}})", R"({"spec":{}})", ""},
    {"quantities by value",
     R"({"resources":{"limits":{"cpu":"1000m","memory":"1024Mi"},"requests":{"cpu":1}}})",
     R"({"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1"}}})", ""},
    {"quantities that differ", R"({"resources":{"limits":{"cpu":"100m"}}})",
     R"({"resources":{"limits":{"cpu":"1"}}})", R"(resources.limits.cpu: want "100m", have "1")"},
    {"an environment variable is no quantity", R"({"env":[{"name":"X","value":"1000m"}]})",
     R"({"env":[{"name":"X","value":"1"}]})", R"(env[X].value: want "1000m", have "1")"},
    {"an injected sidecar is not ours", R"({"containers":[{"name":"app","image":"a"}]})",
     R"({"containers":[{"name":"proxy","image":"p"},{"name":"app","image":"a","imagePullPolicy":"Always"}]})",
     ""},
    {"a container that is gone", R"({"containers":[{"name":"app"}]})",
     R"({"containers":[{"name":"proxy"}]})",
     R"(containers[app]: want {"name":"app"}, have nothing)"},
    {"a port gets its protocol", R"({"ports":[{"port":80,"targetPort":"http"}]})",
     R"({"ports":[{"port":80,"protocol":"TCP","targetPort":"http"}]})", ""},
    {"two mounts of one volume",
     R"({"volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"}]})",
     R"({"volumeMounts":[{"name":"v","mountPath":"/b"},{"name":"v","mountPath":"/a"}]})", ""},
    {"other lists are whole", R"({"args":["a","b"]})", R"({"args":["a","b","c"]})",
     R"(args: want ["a","b"], have ["a","b","c"])"},
    {"order counts in other lists", R"({"args":["a","b"]})", R"({"args":["b","a"]})",
     R"(args[0]: want "a", have "b")"},
    {"a list that became a map", R"({"args":["a"]})", R"({"args":{}})",
     R"(args: want ["a"], have {})"},
    {"numbers by value", R"({"x":1})", R"({"x":1.0})", ""},
    {"int or string is not the same", R"({"targetPort":80})", R"({"targetPort":"80"})",
     R"(targetPort: want 80, have "80")"},
    {"nothing of a Secret in the message", R"({"kind":"Secret","data":{"password":"aGk="}})",
     R"({"kind":"Secret","data":{"password":"b2g="}})", "data.password: differs"},
};
INSTANTIATE_TEST_SUITE_P(All, CoversTest, testing::ValuesIn(kCases));

TEST(HashOf, IsTheSameForTheSameObject) {
  const Json a = Json::parse(R"({"b":1,"a":{"y":2,"x":[1,2]}})");
  const Json b = Json::parse(R"({"a":{"x":[1,2],"y":2},"b":1})");
  EXPECT_EQ(HashOf(a), HashOf(b));
  EXPECT_EQ(HashOf(a), "0b9a073316748056") << "must never change: it is on people's objects";
  EXPECT_NE(HashOf(a), HashOf(Json::parse(R"({"b":2})")));
}

class ApplierTest : public testing::Test {
 protected:
  static Json Desired(Json data) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", "x"}, {"namespace", "ns"}}},
            {"data", std::move(data)}};
  }
  Json Live() { return server_.Get(ConfigMaps(), kKey).value(); }
  Applied Apply(const Json& desired) {
    const auto live = server_.Get(ConfigMaps(), kKey);
    auto applied = applier_.Apply(ConfigMaps(), desired, live ? &*live : nullptr);
    EXPECT_TRUE(applied) << applied.error().message;
    return applied ? *applied : Applied{};
  }

  const ObjectKey kKey{"ns", "x"};
  FakeApiServer server_;
  Client client_{server_};
  Applier applier_{client_, {.field_manager = "us", .hash_annotation = "example.com/hash"}};
};

TEST_F(ApplierTest, CreatesThenLeavesAlone) {
  const Applied created = Apply(Desired({{"a", "1"}}));
  EXPECT_EQ(created.outcome, ApplyOutcome::kCreated);
  EXPECT_EQ(created.object["data"]["a"], "1");
  server_.ClearRequests();
  const Applied again = Apply(Desired({{"a", "1"}}));
  EXPECT_EQ(again.outcome, ApplyOutcome::kUnchanged);
  EXPECT_TRUE(again.object.is_null());
  EXPECT_EQ(server_.requests().size(), 0u) << "a settled cluster sees writes";
}

TEST_F(ApplierTest, WhatIsNoLongerWantedGoesAlthoughTheRestIsCovered) {
  Apply(Desired({{"a", "1"}, {"b", "2"}}));
  const Applied applied = Apply(Desired({{"a", "1"}}));
  EXPECT_EQ(applied.outcome, ApplyOutcome::kApplied);
  EXPECT_EQ(applied.drift, "");
  EXPECT_EQ(Live()["data"], Json({{"a", "1"}}));
}

TEST_F(ApplierTest, PutsBackWhatSomebodyChangedAndSaysWhat) {
  Apply(Desired({{"a", "1"}}));
  server_.Edit(ConfigMaps(), kKey, [](Json& live) {
    live["data"]["a"] = "2";
    live["data"]["theirs"] = "x";
  });
  const Applied applied = Apply(Desired({{"a", "1"}}));
  EXPECT_EQ(applied.outcome, ApplyOutcome::kApplied);
  EXPECT_EQ(applied.drift, R"(data.a: want "1", have "2")");
  EXPECT_EQ(Live()["data"], Json({{"a", "1"}, {"theirs", "x"}})) << "what is not ours stays";
}

TEST_F(ApplierTest, DoesNotMakeAgainWhatWasDeletedMeanwhile) {
  Apply(Desired({{"a", "1"}}));
  const Json stale = Live();
  server_.Remove(ConfigMaps(), kKey);
  EXPECT_FALSE(applier_.Apply(ConfigMaps(), Desired({{"a", "2"}}), &stale));
  EXPECT_FALSE(server_.Get(ConfigMaps(), kKey).has_value());
  server_.Put(ConfigMaps(), Desired({{"a", "theirs"}}));
  const auto applied = applier_.Apply(ConfigMaps(), Desired({{"a", "2"}}), &stale);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kConflict);
  EXPECT_EQ(Live()["data"]["a"], "theirs");
}

TEST_F(ApplierTest, WithoutForceTheFieldsOfOthersAreTheirs) {
  ASSERT_TRUE(client_.Apply(ConfigMaps(), Desired({{"a", "theirs"}}), {.field_manager = "them"}));
  const Applier polite(
      client_, {.field_manager = "us", .hash_annotation = "example.com/hash", .force = false});
  const Json live = Live();
  const auto applied = polite.Apply(ConfigMaps(), Desired({{"a", "ours"}}), &live);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kConflict);
  EXPECT_EQ(Apply(Desired({{"a", "ours"}})).outcome, ApplyOutcome::kApplied);
}

TEST(Quantity, ComparesByAmount) {
  const std::pair<const char*, const char*> kSame[] = {
      {"1", "1000m"}, {"0.1", "100m"}, {"1Gi", "1024Mi"}, {"1e3", "1k"},      {"1.5Gi", "1536Mi"},
      {"1E", "1e18"}, {"0", "0Mi"},    {"1E3", "1000"},   {"100u", "0.0001"}, {"-1", "-1000m"},
      {"+2", "2"},    {".5", "500m"},  {"5.", "5"},       {"1e-3", "1m"},     {"0.1n", "1n"},
  };
  for (const auto& [a, b] : kSame) EXPECT_TRUE(SameQuantity(a, b)) << a << " " << b;
  const std::pair<const char*, const char*> kOther[] = {
      {"1", "1001m"}, {"1M", "1Mi"},      {"", ""},
      {"x", "x"},     {"1.2.3", "1.2.3"}, {"1 ", "1 "},
      {"1e", "1e"},   {"1mm", "1mm"},     {"99999999999999999999999999999999999999999", "1"},
      {"-", "-"},
  };
  for (const auto& [a, b] : kOther) EXPECT_FALSE(SameQuantity(a, b)) << a << " " << b;
  EXPECT_DOUBLE_EQ(*ParseQuantity("250m"), 0.25);
  EXPECT_DOUBLE_EQ(*ParseQuantity("10Gi"), 10737418240.0);
  EXPECT_EQ(ParseQuantity("1e999"), std::nullopt);
}

}  // namespace
}  // namespace sb::kube
