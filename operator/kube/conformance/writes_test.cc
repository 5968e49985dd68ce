// Writes: what the library promises of them holds on a real API server, and the one in memory does
// as that does.
#include <gmock/gmock.h>

#include "operator/kube/applier.h"
#include "operator/kube/conformance/server_under_test.h"
#include "operator/kube/field_handover.h"
#include "operator/kube/finalizers.h"

namespace sb::kube {
namespace {

using testing::HasSubstr;

class Writes : public ConformanceTest {};

TEST_F(Writes, AnIdenticalApplyChangesNothing) {
  const Json desired = ConfigMap("same", {{"a", "1"}});
  const Json first = Must(client_.Apply(ConfigMaps(), desired, {.field_manager = "us"}), "apply");
  const Json again = Must(client_.Apply(ConfigMaps(), desired, {.field_manager = "us"}), "again");
  EXPECT_EQ(ResourceVersionOf(first), ResourceVersionOf(again));
}

TEST_F(Writes, WhatIsNoLongerAppliedGoesAndWhatOthersOwnStays) {
  Must(client_.Apply(ConfigMaps(), ConfigMap("owned", {{"ours", "1"}, {"kept", "1"}}),
                     {.field_manager = "us"}),
       "apply");
  Must(
      client_.Apply(ConfigMaps(), ConfigMap("owned", {{"theirs", "1"}}), {.field_manager = "them"}),
      "theirs");
  Must(client_.Apply(ConfigMaps(), ConfigMap("owned", {{"kept", "1"}}), {.field_manager = "us"}),
       "again");
  EXPECT_EQ(Read("owned")["data"], (Json{{"kept", "1"}, {"theirs", "1"}}));
}

TEST_F(Writes, WithoutForceAFieldOfAnotherIsAConflictThatNamesHim) {
  Must(client_.Apply(ConfigMaps(), ConfigMap("fought", {{"a", "1"}}), {.field_manager = "them"}),
       "theirs");
  auto ours = client_.Apply(ConfigMaps(), ConfigMap("fought", {{"a", "2"}}),
                            {.field_manager = "us", .force = false});
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().code, ErrorCode::kConflict);
  EXPECT_THAT(ours.error().message, HasSubstr("them"));
  Must(client_.Apply(ConfigMaps(), ConfigMap("fought", {{"a", "2"}}), {.field_manager = "us"}),
       "forced");
  EXPECT_EQ(Read("fought")["data"]["a"], "2");
}

TEST_F(Writes, ADryRunLeavesNothing) {
  Must(client_.Apply(ConfigMaps(), ConfigMap("dry"), {.field_manager = "us", .dry_run = true}),
       "dry run");
  auto found = client_.Get(ConfigMaps(), Key("dry"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
}

TEST_F(Writes, TheApplierWritesOnceAndMendsDrift) {
  const Applier applier(client_, {.field_manager = "us", .hash_annotation = "example.com/hash"});
  const Json desired = ConfigMap("applied", {{"a", "1"}});
  EXPECT_EQ(Must(applier.Apply(ConfigMaps(), desired, nullptr), "new").outcome,
            ApplyOutcome::kCreated);
  Json live = Read("applied");
  EXPECT_EQ(Must(applier.Apply(ConfigMaps(), desired, &live), "same").outcome,
            ApplyOutcome::kUnchanged);
  Must(client_.MergePatch(ConfigMaps(), Key("applied"), {{"data", {{"a", "2"}}}}), "somebody");
  live = Read("applied");
  const Applied mended = Must(applier.Apply(ConfigMaps(), desired, &live), "mend");
  EXPECT_EQ(mended.outcome, ApplyOutcome::kApplied);
  EXPECT_THAT(mended.drift, HasSubstr("data.a"));
  EXPECT_EQ(Read("applied")["data"]["a"], "1");
}

TEST_F(Writes, TheApplierDoesNotMakeAnewWhatWasDeletedMeanwhile) {
  const Applier applier(client_, {.field_manager = "us", .hash_annotation = "example.com/hash"});
  Must(applier.Apply(ConfigMaps(), ConfigMap("gone"), nullptr), "new");
  const Json live = Read("gone");
  ASSERT_TRUE(client_.Delete(ConfigMaps(), Key("gone")));
  auto applied = applier.Apply(ConfigMaps(), ConfigMap("gone", {{"a", "1"}}), &live);
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().code, testing::AnyOf(ErrorCode::kConflict, ErrorCode::kNotFound))
      << applied.error().message;
  EXPECT_FALSE(client_.Get(ConfigMaps(), Key("gone")));
}

// What `kubectl create` or a former version made would keep every field that we stop applying.
TEST_F(Writes, FieldsThatWereHandedOverCanBeDropped) {
  Must(client_.Create(ConfigMaps(), ConfigMap("moved", {{"a", "1"}, {"b", "1"}}), "old-tool"),
       "create");
  Must(HandOver(client_, ConfigMaps(), Read("moved"), {{"old-tool", "Update"}}, "us"), "hand over");
  Must(client_.Apply(ConfigMaps(), ConfigMap("moved", {{"b", "1"}}), {.field_manager = "us"}),
       "apply");
  EXPECT_EQ(Read("moved")["data"], (Json{{"b", "1"}}));
}

TEST_F(Writes, OnlyTheIncarnationThatWasSeenIsDeleted) {
  Must(client_.Create(ConfigMaps(), ConfigMap("twice"), "us"), "create");
  const std::string first = UidOf(Read("twice"));
  ASSERT_TRUE(client_.Delete(ConfigMaps(), Key("twice"), {.uid = first}));
  Must(client_.Create(ConfigMaps(), ConfigMap("twice"), "us"), "again");
  auto refused = client_.Delete(ConfigMaps(), Key("twice"), {.uid = first});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  ASSERT_TRUE(client_.Delete(ConfigMaps(), Key("twice"), {.uid = UidOf(Read("twice"))}));
  auto gone = client_.Delete(ConfigMaps(), Key("twice"));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
}

TEST_F(Writes, CreatingWhatExistsAndUpdatingWhatMovedOn) {
  Must(client_.Create(ConfigMaps(), ConfigMap("raced"), "us"), "create");
  auto again = client_.Create(ConfigMaps(), ConfigMap("raced"), "us");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  Json stale = Read("raced");
  Must(client_.MergePatch(ConfigMaps(), Key("raced"), {{"data", {{"a", "1"}}}}), "somebody");
  stale["data"] = {{"a", "2"}};
  auto update = client_.Update(ConfigMaps(), stale);
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, ErrorCode::kConflict);
  auto patch = client_.JsonPatch(ConfigMaps(), Key("raced"),
                                 {{{"op", "test"}, {"path", "/data/a"}, {"value", "9"}},
                                  {{"op", "remove"}, {"path", "/data/a"}}});
  ASSERT_FALSE(patch);
  EXPECT_EQ(patch.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Read("raced")["data"]["a"], "1");
}

TEST_F(Writes, AFinalizerHoldsAnObjectUntilItIsRemoved) {
  constexpr std::string_view kFinalizer = "conformance.example.com/clean-up";
  Must(client_.Create(ConfigMaps(), ConfigMap("held"), "us"), "create");
  Json object = Read("held");
  ASSERT_EQ(NextStep(object, kFinalizer), FinalizerStep::kAdd);
  object = Must(AddFinalizer(client_, ConfigMaps(), object, kFinalizer), "add");
  ASSERT_EQ(NextStep(object, kFinalizer), FinalizerStep::kGoOn);
  EXPECT_EQ(
      ResourceVersionOf(Must(AddFinalizer(client_, ConfigMaps(), object, kFinalizer), "no-op")),
      ResourceVersionOf(object));

  ASSERT_TRUE(client_.Delete(ConfigMaps(), Key("held")));
  object = Read("held");
  ASSERT_EQ(NextStep(object, kFinalizer), FinalizerStep::kClean);
  auto late = AddFinalizer(client_, ConfigMaps(), object, "conformance.example.com/late");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  Must(RemoveFinalizer(client_, ConfigMaps(), object, kFinalizer), "remove");
  auto gone = client_.Get(ConfigMaps(), Key("held"));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(RemoveFinalizer(client_, ConfigMaps(), object, kFinalizer)) << "it is gone: done";
}

}  // namespace
}  // namespace sb::kube
