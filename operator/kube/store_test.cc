#include "operator/kube/store.h"

#include <gtest/gtest.h>

namespace sb::kube {
namespace {

Json Object(const std::string& name, const std::string& version, const std::string& label = "") {
  Json object{{"metadata", {{"namespace", "ns"}, {"name", name}, {"resourceVersion", version}}}};
  if (!label.empty()) object["metadata"]["labels"]["app"] = label;
  return object;
}

std::string VersionIn(const Store& store, const std::string& name) {
  const ObjectPtr object = store.Get({"ns", name});
  return object ? ResourceVersionOf(*object) : "none";
}

std::string Show(const std::vector<Change>& changes) {
  std::vector<std::string> parts;
  for (const Change& change : changes) {
    parts.push_back((!change.old ? "+" : !change.now ? "-" : "~") + change.key.name);
  }
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

class StoreTest : public testing::Test {
 protected:
  std::string Replace(std::vector<Json> objects, const std::string& version) {
    for (Json& object : objects) writer_.Stage(std::move(object));
    return Show(writer_.Commit(version));
  }

  Store store_{IndexByLabel("app")};
  StoreWriter writer_{store_, DropNoise};
};

TEST_F(StoreTest, AListReplacesEverythingAndReportsWhatVanished) {
  EXPECT_FALSE(store_.Synced());
  EXPECT_EQ(Replace({Object("a", "1"), Object("b", "2")}, "5"), "+a +b");
  EXPECT_TRUE(store_.Synced());
  EXPECT_EQ(Replace({Object("b", "6"), Object("c", "7")}, "8"), "+c -a ~b");
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_EQ(Replace({Object("b", "6"), Object("c", "7")}, "9"), "")
      << "unchanged objects are no news";
}

TEST_F(StoreTest, StagedPagesAreInvisibleUntilCommitted) {
  Replace({Object("a", "1")}, "1");
  writer_.Stage(Object("b", "2"));
  EXPECT_EQ(store_.size(), 1u);
  writer_.DropStaged();
  EXPECT_EQ(Replace({Object("c", "3")}, "3"), "+c -a");
}

TEST_F(StoreTest, ReadersKeepWhatTheyHold) {
  Replace({Object("a", "1")}, "1");
  const ObjectPtr held = store_.Get({"ns", "a"});
  writer_.Upsert(Object("a", "2"));
  EXPECT_EQ(ResourceVersionOf(*held), "1");
  EXPECT_EQ(VersionIn(store_, "a"), "2");
}

TEST_F(StoreTest, FindsByIndexAndFollowsLabelChanges) {
  Replace({Object("a", "1", "x"), Object("b", "2", "x"), Object("c", "3")}, "3");
  EXPECT_EQ(store_.ByIndex("ns/x").size(), 2u);
  writer_.Upsert(Object("a", "4", "y"));
  EXPECT_EQ(store_.ByIndex("ns/x").size(), 1u);
  EXPECT_EQ(store_.ByIndex("ns/y").size(), 1u);
  writer_.Remove(Object("b", "5", "x"));
  EXPECT_TRUE(store_.ByIndex("ns/x").empty());
  EXPECT_EQ(store_.List("other").size(), 0u);
  EXPECT_EQ(store_.List("ns").size(), 2u);
}

TEST_F(StoreTest, DropsWhatNobodyReadsButUsesTheVersionFirst) {
  Json object = Object("a", "1");
  object["metadata"]["managedFields"] = Json::array({1, 2});
  object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  Replace({object}, "1");
  const ObjectPtr held = store_.Get({"ns", "a"});
  EXPECT_FALSE(held->at("metadata").contains("managedFields"));
  EXPECT_TRUE(held->at("metadata").at("annotations").empty());
}

TEST_F(StoreTest, OwnWritesAreVisibleAtOnceAndOlderEventsDoNotUndoThem) {
  Replace({Object("a", "5")}, "5");
  writer_.NoteWritten(Object("a", "10"));
  EXPECT_EQ(VersionIn(store_, "a"), "10");
  EXPECT_EQ(Show(writer_.Upsert(Object("a", "8"))), "") << "foreignUpdateDuringOwnUpdate";
  EXPECT_EQ(VersionIn(store_, "a"), "10");
  EXPECT_EQ(Show(writer_.Upsert(Object("a", "10"))), "~a") << "our own event is news to on_change";
  EXPECT_EQ(Show(writer_.Upsert(Object("a", "12"))), "~a");
  EXPECT_EQ(VersionIn(store_, "a"), "12");
}

TEST_F(StoreTest, AWriteThatTheCacheHasPassedIsNoNews) {
  Replace({Object("a", "5")}, "5");
  writer_.Upsert(Object("a", "10"));
  writer_.Remove(Object("a", "11"));
  writer_.NoteWritten(Object("a", "10"));  // the answer comes late
  EXPECT_EQ(VersionIn(store_, "a"), "none") << "removalOfGhostResources";
}

TEST_F(StoreTest, TheEndOfTheObjectBeforeDoesNotRemoveTheOneWeMade) {
  Replace({Object("a", "5")}, "5");
  writer_.NoteWritten(Object("a", "10"));
  EXPECT_EQ(Show(writer_.Remove(Object("a", "8"))), "");
  EXPECT_EQ(VersionIn(store_, "a"), "10");
  EXPECT_EQ(Show(writer_.Remove(Object("a", "11"))), "-a");
}

TEST_F(StoreTest, AListOlderThanOurWriteKeepsIt) {
  Replace({Object("a", "5")}, "5");
  writer_.NoteWritten(Object("b", "10"));
  EXPECT_EQ(Replace({Object("a", "5")}, "7"), "");
  EXPECT_EQ(VersionIn(store_, "b"), "10");
  EXPECT_EQ(Replace({Object("a", "5"), Object("b", "10")}, "11"), "~b") << "now it is announced";
}

TEST_F(StoreTest, AServerWhoseHistoryWentBackIsRight) {
  Replace({Object("a", "500"), Object("b", "501")}, "510");
  writer_.NoteWritten(Object("c", "520"));
  EXPECT_EQ(Replace({Object("a", "100")}, "110"), "-b -c ~a");
  EXPECT_EQ(Show(writer_.Upsert(Object("a", "111"))), "~a");
}

TEST_F(StoreTest, VersionsWithoutOrderAreNeverOverlaid) {
  Replace({Object("a", "x1")}, "x1");
  writer_.NoteWritten(Object("a", "x2"));
  EXPECT_EQ(VersionIn(store_, "a"), "x1") << "nonComparableResourceVersionsDisables";
}

TEST_F(StoreTest, ResourceVersionsMayHave25Digits) {
  Replace({Object("a", "9999999999999999999999999")}, "9999999999999999999999999");
  writer_.NoteWritten(Object("a", "10000000000000000000000000"));
  EXPECT_EQ(VersionIn(store_, "a"), "10000000000000000000000000");
}

}  // namespace
}  // namespace sb::kube
