#include "operator/kube/store.h"

#include <gtest/gtest.h>

#include "operator/kube/object_decoder.h"

namespace sb::kube {
namespace {

ObjectPtr Make(const std::string& name, const std::string& version, const std::string& label = "") {
  Json object{{"metadata", {{"namespace", "ns"}, {"name", name}, {"resourceVersion", version}}}};
  if (!label.empty()) object["metadata"]["labels"]["app"] = label;
  return Freeze(object, Pods(), WithoutNoise());
}

std::string VersionIn(const Store& store, const std::string& name) {
  const ObjectPtr object = store.Get({"ns", name});
  return object ? std::string(object->resource_version()) : "none";
}

std::string Show(const std::vector<Change>& changes) {
  std::vector<std::string> parts;
  for (const Change& change : changes) {
    parts.push_back((!change.old ? "+" : !change.now ? "-" : "~") + change.object().key().name);
  }
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() { store_.AddIndex("app", IndexByLabel("app")); }

  std::string Replace(const std::vector<ObjectPtr>& objects, const std::string& version) {
    for (const ObjectPtr& object : objects) {
      if (!writer_.StageHeld("ns", object->name(), object->resource_version())) {
        writer_.Stage(object);
      }
    }
    return Show(writer_.Commit(version));
  }

  Store store_;
  StoreWriter writer_{store_};
};

TEST_F(StoreTest, AListReplacesEverythingAndReportsWhatVanished) {
  EXPECT_FALSE(store_.Synced());
  EXPECT_EQ(Replace({Make("a", "1"), Make("b", "2")}, "5"), "+a +b");
  EXPECT_TRUE(store_.Synced());
  EXPECT_EQ(Replace({Make("b", "6"), Make("c", "7")}, "8"), "+c -a ~b");
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_EQ(Replace({Make("b", "6"), Make("c", "7")}, "9"), "") << "unchanged objects are no news";
}

TEST_F(StoreTest, StagedPagesAreInvisibleUntilCommitted) {
  Replace({Make("a", "1")}, "1");
  writer_.Stage(Make("b", "2"));
  EXPECT_EQ(store_.size(), 1u);
  writer_.DropStaged();
  EXPECT_EQ(Replace({Make("c", "3")}, "3"), "+c -a");
}

TEST_F(StoreTest, ReadersKeepWhatTheyHold) {
  Replace({Make("a", "1")}, "1");
  const ObjectPtr held = store_.Get({"ns", "a"});
  writer_.Upsert(Make("a", "2"));
  EXPECT_EQ(held->resource_version(), "1");
  EXPECT_EQ(VersionIn(store_, "a"), "2");
}

TEST_F(StoreTest, FindsByIndexAndFollowsLabelChanges) {
  Replace({Make("a", "1", "x"), Make("b", "2", "x"), Make("c", "3")}, "3");
  EXPECT_EQ(store_.ByIndex("app", "ns/x").size(), 2u);
  writer_.Upsert(Make("a", "4", "y"));
  EXPECT_EQ(store_.ByIndex("app", "ns/x").size(), 1u);
  EXPECT_EQ(store_.ByIndex("app", "ns/y").size(), 1u);
  writer_.Remove(*Make("b", "5", "x"));
  EXPECT_TRUE(store_.ByIndex("app", "ns/x").empty());
  EXPECT_EQ(store_.List("other").size(), 0u);
  EXPECT_EQ(store_.List("ns").size(), 2u);
}

TEST_F(StoreTest, AListOfWhatIsHeldCopiesNothing) {
  Replace({Make("a", "1"), Make("b", "2")}, "2");
  const ObjectPtr held = store_.Get({"ns", "a"});
  EXPECT_TRUE(writer_.StageHeld("ns", "a", "1"));
  EXPECT_FALSE(writer_.StageHeld("ns", "b", "3")) << "another version";
  EXPECT_FALSE(writer_.StageHeld("ns", "c", "1")) << "another name";
  EXPECT_FALSE(writer_.StageHeld("other", "a", "1")) << "another namespace";
  EXPECT_EQ(Show(writer_.Commit("4")), "-b");
  EXPECT_EQ(store_.Get({"ns", "a"}), held);
}

TEST_F(StoreTest, AnIndexMayComeLater) {
  Replace({Make("a", "1", "x"), Make("b", "2", "x")}, "2");
  store_.AddIndex("name", [](const Object& object) -> std::vector<std::string> {
    return {std::string(object.name()), "all"};
  });
  EXPECT_EQ(store_.ByIndex("name", "a").size(), 1u);
  EXPECT_EQ(store_.ByIndex("name", "all").size(), 2u);
  writer_.Remove(*Make("a", "3"));
  EXPECT_TRUE(store_.ByIndex("name", "a").empty());
  EXPECT_EQ(store_.ByIndex("name", "all").size(), 1u);
  EXPECT_TRUE(store_.ByIndex("nobody", "a").empty());
  Replace({Make("c", "4")}, "4");
  EXPECT_EQ(store_.ByIndex("name", "all").size(), 1u);
  EXPECT_EQ(store_.ByIndex("name", "c").size(), 1u);
}

TEST_F(StoreTest, KnowsHowFarItIs) {
  EXPECT_FALSE(store_.HasReached("1"));
  Replace({Make("a", "5")}, "7");
  EXPECT_TRUE(store_.HasReached("6"));
  EXPECT_TRUE(store_.HasReached("7"));
  EXPECT_FALSE(store_.HasReached("8"));
  writer_.Advance("10");
  EXPECT_TRUE(store_.HasReached("10"));
  EXPECT_FALSE(store_.HasReached("x11")) << "without an order, only equal is reached";
}

TEST_F(StoreTest, OwnWritesAreVisibleAtOnceAndOlderEventsDoNotUndoThem) {
  Replace({Make("a", "5")}, "5");
  writer_.NoteWritten(Make("a", "10"));
  EXPECT_EQ(VersionIn(store_, "a"), "10");
  EXPECT_EQ(Show(writer_.Upsert(Make("a", "8"))), "") << "foreignUpdateDuringOwnUpdate";
  EXPECT_EQ(VersionIn(store_, "a"), "10");
  EXPECT_EQ(Show(writer_.Upsert(Make("a", "10"))), "~a") << "our own event is news to on_change";
  EXPECT_EQ(Show(writer_.Upsert(Make("a", "12"))), "~a");
  EXPECT_EQ(VersionIn(store_, "a"), "12");
}

TEST_F(StoreTest, AWriteThatTheCacheHasPassedIsNoNews) {
  Replace({Make("a", "5")}, "5");
  writer_.Upsert(Make("a", "10"));
  writer_.Remove(*Make("a", "11"));
  writer_.NoteWritten(Make("a", "10"));  // the answer comes late
  EXPECT_EQ(VersionIn(store_, "a"), "none") << "removalOfGhostResources";
}

TEST_F(StoreTest, TheEndOfTheObjectBeforeDoesNotRemoveTheOneWeMade) {
  Replace({Make("a", "5")}, "5");
  writer_.NoteWritten(Make("a", "10"));
  EXPECT_EQ(Show(writer_.Remove(*Make("a", "8"))), "");
  EXPECT_EQ(VersionIn(store_, "a"), "10");
  EXPECT_EQ(Show(writer_.Remove(*Make("a", "11"))), "-a");
}

TEST_F(StoreTest, AListOlderThanOurWriteKeepsIt) {
  Replace({Make("a", "5")}, "5");
  writer_.NoteWritten(Make("b", "10"));
  EXPECT_EQ(Replace({Make("a", "5")}, "7"), "");
  EXPECT_EQ(VersionIn(store_, "b"), "10");
  EXPECT_EQ(Replace({Make("a", "5"), Make("b", "10")}, "11"), "~b") << "now it is announced";
}

TEST_F(StoreTest, AServerWhoseHistoryWentBackIsRight) {
  Replace({Make("a", "500"), Make("b", "501")}, "510");
  writer_.NoteWritten(Make("c", "520"));
  EXPECT_EQ(Replace({Make("a", "100")}, "110"), "-b -c ~a");
  EXPECT_EQ(Show(writer_.Upsert(Make("a", "111"))), "~a");
}

TEST_F(StoreTest, VersionsWithoutOrderAreNeverOverlaid) {
  Replace({Make("a", "x1")}, "x1");
  writer_.NoteWritten(Make("a", "x2"));
  EXPECT_EQ(VersionIn(store_, "a"), "x1") << "nonComparableResourceVersionsDisables";
}

TEST_F(StoreTest, ResourceVersionsMayHave25Digits) {
  Replace({Make("a", "9999999999999999999999999")}, "9999999999999999999999999");
  writer_.NoteWritten(Make("a", "10000000000000000000000000"));
  EXPECT_EQ(VersionIn(store_, "a"), "10000000000000000000000000");
}

}  // namespace
}  // namespace sb::kube
