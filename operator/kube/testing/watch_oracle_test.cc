// An oracle that cannot object proves nothing.
#include "operator/kube/testing/watch_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/object_decoder.h"

namespace sb::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const ObjectKey kA{"ns", "a"};

// Two writes of one object, and an informer (this test) that reports them as it is told to.
class WatchOracleTest : public testing::Test {
 protected:
  WatchOracleTest() {
    oracle_.Written({2, kA, "u", 1, false, true});
    oracle_.Written({3, kA, "u", 2, true, true});
    oracle_.Asked();
  }

  static ObjectPtr Make(const std::string& name, int version, int serial) {
    return Freeze({{"metadata",
                    {{"namespace", "ns"},
                     {"name", name},
                     {"uid", "u"},
                     {"resourceVersion", std::to_string(version)}}},
                   {"spec", {{"serial", serial}}}},
                  Pods(), Projection::Everything());
  }
  void Event(EventType type, const ObjectPtr& object) {
    for (const Change& change :
         type == EventType::kDeleted ? writer_.Remove(*object) : writer_.Upsert(object)) {
      oracle_.Changed(change.object().key(), change.old, change.now);
    }
    oracle_.Noted({.kind = WatchNote::Kind::kEvent,
                   .resource_version = object->resource_version(),
                   .type = type,
                   .namespace_ = "ns",
                   .name = object->name(),
                   .uid = object->uid()},
                  store_);
  }
  void List(int version, const std::vector<ObjectPtr>& objects) {
    for (const ObjectPtr& object : objects) writer_.Stage(object);
    for (const Change& change : writer_.Commit(std::to_string(version))) {
      oracle_.Changed(change.object().key(), change.old, change.now);
    }
    oracle_.Noted({.kind = WatchNote::Kind::kListed, .resource_version = std::to_string(version)},
                  store_);
  }

  WatchOracle oracle_{[](const Object& object) {
    return static_cast<std::uint64_t>(object.At({"spec", "serial"}).Integer());
  }};
  Store store_;
  StoreWriter writer_{store_};
};

TEST_F(WatchOracleTest, AcceptsEventsAndListsThatCoverAll) {
  Event(EventType::kAdded, Make("a", 2, 1));
  Event(EventType::kModified, Make("a", 3, 2));
  oracle_.Written({4, kA, "u", 0, true, false});
  EXPECT_FALSE(oracle_.CaughtUp());
  List(4, {});
  EXPECT_TRUE(oracle_.CaughtUp());
  oracle_.Finish(store_);
  EXPECT_THAT(oracle_.objections(), IsEmpty());
  EXPECT_EQ(oracle_.events(), 2u);
  EXPECT_EQ(oracle_.covered(), 1u);
}

TEST_F(WatchOracleTest, ObjectsToAMissedEvent) {
  Event(EventType::kModified, Make("a", 3, 2));
  EXPECT_THAT(oracle_.objections(), ElementsAre(HasSubstr("write 2 of ns/a was missed")));
}

TEST_F(WatchOracleTest, ObjectsToWhatWasNeverSeen) {
  Event(EventType::kAdded, Make("a", 2, 1));
  oracle_.Finish(store_);
  EXPECT_THAT(oracle_.objections(),
              ElementsAre(HasSubstr("1 writes were never seen"), HasSubstr("is not as write 3")));
}

TEST_F(WatchOracleTest, ObjectsToGoingBack) {
  Event(EventType::kAdded, Make("a", 2, 1));
  Event(EventType::kModified, Make("a", 3, 2));
  Event(EventType::kModified, Make("a", 2, 1));
  ASSERT_FALSE(oracle_.objections().empty());
  EXPECT_THAT(oracle_.objections()[0], HasSubstr("ns/a went back to 2"));
  EXPECT_THAT(oracle_.objections()[1], HasSubstr("event 2 after 3"));
}

TEST_F(WatchOracleTest, ObjectsToAListThatIsNotTheState) {
  List(3, {Make("a", 2, 1)});
  EXPECT_THAT(oracle_.objections(), ElementsAre(HasSubstr("is not as write 3")));
}

TEST_F(WatchOracleTest, ObjectsToAnInventedObject) {
  List(3, {Make("a", 3, 2), Make("b", 1, 7)});
  EXPECT_THAT(oracle_.objections(), ElementsAre(HasSubstr("holds 2 objects, the server has 1")));
}

TEST_F(WatchOracleTest, ObjectsToOtherContent) {
  Event(EventType::kAdded, Make("a", 2, 99));
  EXPECT_THAT(oracle_.objections(), ElementsAre(HasSubstr("not in the store after its event")));
}

TEST_F(WatchOracleTest, ObjectsToAnotherTypeOfEvent) {
  Event(EventType::kModified, Make("a", 2, 1));
  EXPECT_THAT(oracle_.objections(), ElementsAre(HasSubstr("reported as something else")));
}

TEST_F(WatchOracleTest, ObjectsToEventsOfARestoredServerThatWasNotListed) {
  Event(EventType::kAdded, Make("a", 2, 1));
  oracle_.Restored(2);
  oracle_.Written({3, kA, "u", 5, true, true});
  EXPECT_FALSE(oracle_.CaughtUp());
  oracle_.Asked();
  Event(EventType::kModified, Make("a", 3, 5));
  EXPECT_THAT(oracle_.objections(), ElementsAre(HasSubstr("restored server")));
}

TEST_F(WatchOracleTest, ObjectsToAnIndexThatIsWrong) {
  const IndexFunction always_x = [](const Object&) -> std::vector<std::string> { return {"x"}; };
  List(3, {Make("a", 3, 2)});
  store_.AddIndex("right", always_x);
  store_.AddIndex("wrong", [](const Object&) -> std::vector<std::string> { return {"y"}; });
  oracle_.CheckIndex(store_, "right", always_x, {"x", "y"});
  EXPECT_THAT(oracle_.objections(), IsEmpty());
  oracle_.CheckIndex(store_, "wrong", always_x, {"x", "y"});
  EXPECT_THAT(oracle_.objections(),
              ElementsAre(HasSubstr("index wrong at x"), HasSubstr("index wrong at y")));
}

}  // namespace
}  // namespace sb::kube
