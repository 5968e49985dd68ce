#include "operator/kube/field_handover.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {
namespace {

// ---- The union ----

struct UnionCase {
  const char* what;
  const char* a;
  const char* b;
  const char* both;
};

TEST(UnionOfFields, Table) {
  const UnionCase cases[] = {
      {"nothing and nothing", "{}", "{}", "{}"},
      {"nothing and something", "{}", R"({"f:x":{}})", R"({"f:x":{}})"},
      {"neighbours", R"({"f:x":{}})", R"({"f:y":{}})", R"({"f:x":{},"f:y":{}})"},
      {"the same", R"({"f:x":{}})", R"({"f:x":{}})", R"({"f:x":{}})"},
      {"deep neighbours", R"({"f:s":{"f:x":{}}})", R"({"f:s":{"f:y":{}}})",
       R"({"f:s":{"f:x":{},"f:y":{}}})"},
      {"a map as a whole, and a field in it", R"({"f:s":{}})", R"({"f:s":{"f:y":{}}})",
       R"({"f:s":{".":{},"f:y":{}}})"},
      {"the element and its field", R"({"f:l":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}}}})",
       R"({"f:l":{"k:{\"name\":\"a\"}":{"f:image":{}}}})",
       R"({"f:l":{"k:{\"name\":\"a\"}":{".":{},"f:image":{},"f:name":{}}}})"},
      {"values of a set", R"({"f:finalizers":{"v:\"a\"":{}}})",
       R"({"f:finalizers":{".":{},"v:\"b\"":{}}})",
       R"({"f:finalizers":{".":{},"v:\"a\"":{},"v:\"b\"":{}}})"},
  };
  for (const UnionCase& each : cases) {
    const Json a = Json::parse(each.a);
    const Json b = Json::parse(each.b);
    EXPECT_EQ(UnionOfFields(a, b), Json::parse(each.both)) << each.what;
    EXPECT_EQ(UnionOfFields(b, a), Json::parse(each.both)) << each.what << ", the other way";
  }
}

// ---- The patch ----

constexpr char kUs[] = "scalablebackend-operator";
const FieldManager kKubectl{"kubectl-client-side-apply", "Update"};

Json Entry(const std::string& manager, const std::string& operation, const char* fields,
           const std::string& api_version = "apps/v1", const std::string& subresource = "") {
  Json entry{{"manager", manager},
             {"operation", operation},
             {"apiVersion", api_version},
             {"fieldsType", "FieldsV1"},
             {"fieldsV1", Json::parse(fields)},
             {"time", "2026-01-01T00:00:00Z"}};
  if (!subresource.empty()) entry["subresource"] = subresource;
  return entry;
}

Json ObjectWith(Json managed) {
  return {{"metadata",
           {{"name", "x"},
            {"namespace", "ns"},
            {"resourceVersion", "42"},
            {"managedFields", std::move(managed)}}}};
}

Json ManagedAfter(const Json& object, const std::vector<FieldManager>& from = {kKubectl}) {
  const auto patch = HandOverPatch(object, from, kUs);
  if (!patch) return nullptr;
  EXPECT_EQ((*patch)[0], Json::parse(R"({"op":"replace","path":"/metadata/resourceVersion",
                                         "value":"42"})"))
      << "a write that came between would be undone";
  EXPECT_EQ(patch->size(), 2u);
  EXPECT_EQ((*patch)[1]["path"], "/metadata/managedFields");
  return (*patch)[1]["value"];
}

TEST(HandOverPatch, RenamesTheEntryIfWeOwnNothingYet) {
  const Json after = ManagedAfter(
      ObjectWith({Entry("kubectl-client-side-apply", "Update", R"({"f:spec":{"f:x":{}}})")}));
  EXPECT_EQ(after, Json({Entry(kUs, "Apply", R"({"f:spec":{"f:x":{}}})")}));
}

TEST(HandOverPatch, JoinsWhatBothOwn) {
  const Json after = ManagedAfter(
      ObjectWith({Entry(kUs, "Apply", R"({"f:spec":{"f:x":{}}})"),
                  Entry("kubectl-client-side-apply", "Update", R"({"f:spec":{"f:y":{}}})")}));
  EXPECT_EQ(after, Json({Entry(kUs, "Apply", R"({"f:spec":{"f:x":{},"f:y":{}}})")}));
}

TEST(HandOverPatch, LeavesOthersAndTheStatusAlone) {
  const Json hpa = Entry("hpa", "Update", R"({"f:spec":{"f:replicas":{}}})", "apps/v1", "scale");
  const Json status =
      Entry("kubectl-client-side-apply", "Update", R"({"f:status":{}})", "apps/v1", "status");
  const Json edit = Entry("kubectl-edit", "Update", R"({"f:spec":{"f:z":{}}})");
  const Json after = ManagedAfter(
      ObjectWith({hpa, Entry("kubectl-client-side-apply", "Update", R"({"f:spec":{"f:y":{}}})"),
                  status, edit}));
  EXPECT_EQ(after, Json({hpa, status, edit, Entry(kUs, "Apply", R"({"f:spec":{"f:y":{}}})")}));
}

TEST(HandOverPatch, TakesOverFromAnotherApplierAndFromManyAtOnce) {
  const Json after = ManagedAfter(
      ObjectWith({Entry("old-operator", "Apply", R"({"f:spec":{"f:x":{}}})"),
                  Entry("kubectl-client-side-apply", "Update", R"({"f:spec":{"f:y":{}}})")}),
      {{"old-operator", "Apply"}, kKubectl});
  EXPECT_EQ(after, Json({Entry(kUs, "Apply", R"({"f:spec":{"f:x":{},"f:y":{}}})")}));
}

TEST(HandOverPatch, EntriesOfAnotherApiVersionStay) {
  const Json old =
      Entry("kubectl-client-side-apply", "Update", R"({"f:spec":{"f:old":{}}})", "apps/v1beta1");
  const Json after = ManagedAfter(
      ObjectWith({Entry(kUs, "Apply", R"({"f:spec":{"f:x":{}}})"), old,
                  Entry("kubectl-client-side-apply", "Update", R"({"f:spec":{"f:y":{}}})")}));
  EXPECT_EQ(after, Json({old, Entry(kUs, "Apply", R"({"f:spec":{"f:x":{},"f:y":{}}})")}));
}

TEST(HandOverPatch, NothingToMove) {
  const Json ours = Entry(kUs, "Apply", R"({"f:spec":{"f:x":{}}})");
  for (const Json& managed :
       {Json::array(), Json({ours}), Json({Entry("kubectl-client-side-apply", "Apply", "{}")}),
        Json({ours, Entry("kubectl-client-side-apply", "Update", "{}", "apps/v1beta1")}),
        Json("nonsense"), Json({1, "x", nullptr})}) {
    EXPECT_EQ(ManagedAfter(ObjectWith(managed)), nullptr) << managed;
  }
  EXPECT_EQ(HandOverPatch(Json::object(), {kKubectl}, kUs), std::nullopt);
  EXPECT_EQ(HandOverPatch(ObjectWith({ours}), {{kUs, "Apply"}}, kUs), std::nullopt)
      << "handing over to oneself would be a write in each pass";
}

// ---- Against the API server ----

class HandOverTest : public testing::Test {
 protected:
  static Json Desired(Json spec) {
    return {{"apiVersion", "apps/v1"},
            {"kind", "Deployment"},
            {"metadata", {{"name", "x"}, {"namespace", "ns"}}},
            {"spec", std::move(spec)}};
  }
  Json Live() { return client_.Get(Deployments(), kKey).value(); }

  const ObjectKey kKey{"ns", "x"};
  FakeApiServer server_;
  Client client_{server_};
};

// What it is for: a field that we no longer apply goes.
TEST_F(HandOverTest, AFieldOfClientSideApplyGoesWhenWeDropIt) {
  for (const bool hand_over : {false, true}) {
    server_.Remove(Deployments(), kKey);
    ASSERT_TRUE(
        client_.Create(Deployments(), Desired({{"paused", true}, {"replicas", 1}}), kKubectl.name));
    if (hand_over) {
      auto moved = HandOver(client_, Deployments(), Live(), {kKubectl}, kUs);
      ASSERT_TRUE(moved) << moved.error().message;
    }
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(client_.Apply(Deployments(), Desired({{"replicas", 1}}), {.field_manager = kUs}));
    }
    EXPECT_EQ(Live()["spec"].contains("paused"), !hand_over)
        << (hand_over ? "stuck for ever" : "without a hand-over it stays: else this test is idle");
  }
}

TEST_F(HandOverTest, MovesOwnershipAndNothingElse) {
  ASSERT_TRUE(client_.Create(Deployments(), Desired({{"replicas", 1}}), kKubectl.name));
  Json before = Live();
  auto moved = HandOver(client_, Deployments(), before, {kKubectl}, kUs);
  ASSERT_TRUE(moved);
  Json after = Live();
  ASSERT_EQ(after["metadata"]["managedFields"].size(), 1u);
  EXPECT_EQ(after["metadata"]["managedFields"][0]["manager"], kUs);
  EXPECT_EQ(after["metadata"]["managedFields"][0]["operation"], "Apply");
  for (Json* object : {&before, &after}) {
    (*object)["metadata"].erase("managedFields");
    (*object)["metadata"].erase("resourceVersion");
  }
  EXPECT_EQ(after, before);
  server_.ClearRequests();
  ASSERT_TRUE(HandOver(client_, Deployments(), Live(), {kKubectl}, kUs));
  EXPECT_EQ(server_.writes().size(), 0u) << "once is enough";
}

TEST_F(HandOverTest, AWriteThatComesBetweenIsNotUndone) {
  ASSERT_TRUE(client_.Create(Deployments(), Desired({{"replicas", 1}}), kKubectl.name));
  const Json stale = Live();
  Json scaled = stale;
  scaled["spec"]["replicas"] = 7;
  ASSERT_TRUE(client_.Update(Deployments(), scaled, {.field_manager = "hpa"}));
  ASSERT_TRUE(HandOver(client_, Deployments(), stale, {kKubectl}, kUs));
  const Json after = Live();
  EXPECT_EQ(after["spec"]["replicas"], 7);
  bool hpa = false;
  for (const Json& entry : after["metadata"]["managedFields"]) {
    hpa |= StringAt(entry, {"manager"}) == "hpa";
  }
  EXPECT_TRUE(hpa) << "the autoscaler's ownership was lost";
}

TEST_F(HandOverTest, GivesUpOnAnObjectThatNeverStandsStill) {
  ASSERT_TRUE(client_.Create(Deployments(), Desired({{"replicas", 1}}), kKubectl.name));
  const Json object = Live();
  int patches = 0;
  server_.OnRequest([&](const Request& request) {
    if (request.method != "PATCH") return;
    ++patches;
    server_.Edit(Deployments(), kKey, [&](Json& live) {
      live["metadata"]["labels"]["patches"] = std::to_string(patches);
    });
  });
  const auto moved = HandOver(client_, Deployments(), object, {kKubectl}, kUs);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kConflict);
  EXPECT_EQ(patches, 5);
}

}  // namespace
}  // namespace sb::kube
