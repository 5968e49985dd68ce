#include "operator/kube/finalizers.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {
namespace {

constexpr char kOurs[] = "example.com/clean-up";
constexpr char kTheirs[] = "other.example/hold";
const ObjectKey kKey{"ns", "x"};

class FinalizersTest : public testing::Test {
 protected:
  Json Put(std::vector<std::string> finalizers) {
    Json object{{"kind", "ConfigMap"},
                {"apiVersion", "v1"},
                {"metadata", {{"name", "x"}, {"namespace", "ns"}}}};
    if (!finalizers.empty()) object["metadata"]["finalizers"] = finalizers;
    server_.Put(ConfigMaps(), object);
    return Live();
  }
  Json Live() { return server_.Get(ConfigMaps(), kKey).value(); }
  Json Finalizers() { return Live()["metadata"].value("finalizers", Json::array()); }
  void Delete() { ASSERT_TRUE(client_.Delete(ConfigMaps(), kKey)); }
  // Somebody does this just before the next PATCH gets there.
  void BeforeNextPatch(std::function<void()> meanwhile) {
    server_.OnRequest([this, meanwhile](const Request& request) {
      if (request.method != "PATCH") return;
      server_.OnRequest(nullptr);
      meanwhile();
    });
  }
  void Edit(std::function<void(Json&)> edit) { server_.Edit(ConfigMaps(), kKey, edit); }

  FakeApiServer server_;
  Client client_{server_};
};

TEST_F(FinalizersTest, TheNextStepFollowsFromTheObject) {
  const Json plain = Put({});
  EXPECT_EQ(NextStep(plain, kOurs), FinalizerStep::kAdd);
  const Json held = Put({kTheirs, kOurs});
  EXPECT_EQ(NextStep(held, kOurs), FinalizerStep::kGoOn);
  Delete();
  EXPECT_EQ(NextStep(Live(), kOurs), FinalizerStep::kClean);
  EXPECT_EQ(NextStep(Live(), "example.com/else"), FinalizerStep::kNothing);
  EXPECT_EQ(NextStep(Json::object(), kOurs), FinalizerStep::kAdd);
  EXPECT_EQ(NextStep(Json{{"metadata", {{"finalizers", "x"}}}}, kOurs), FinalizerStep::kAdd);
}

TEST_F(FinalizersTest, AddsToAnEmptyListAndBehindOthers) {
  ASSERT_TRUE(AddFinalizer(client_, ConfigMaps(), Put({}), kOurs));
  EXPECT_EQ(Finalizers(), Json({kOurs}));
  auto added = AddFinalizer(client_, ConfigMaps(), Put({kTheirs}), kOurs);
  ASSERT_TRUE(added);
  EXPECT_EQ(Finalizers(), Json({kTheirs, kOurs}));
  EXPECT_TRUE(HasFinalizer(*added, kOurs));
}

TEST_F(FinalizersTest, WritesNothingIfThereIsNothingToDo) {
  const Json held = Put({kOurs});
  const Json free = Put({kTheirs});
  server_.ClearRequests();
  EXPECT_TRUE(AddFinalizer(client_, ConfigMaps(), held, kOurs));
  EXPECT_TRUE(RemoveFinalizer(client_, ConfigMaps(), free, kOurs));
  EXPECT_EQ(server_.requests().size(), 0u);
}

TEST_F(FinalizersTest, RemovingTheLastLetsTheObjectGo) {
  Put({kOurs});
  Delete();
  ASSERT_TRUE(RemoveFinalizer(client_, ConfigMaps(), Live(), kOurs));
  EXPECT_FALSE(server_.Get(ConfigMaps(), kKey).has_value());
}

// JOSDK ConcurrentFinalizerRemovalIT: the position has moved since we looked.
TEST_F(FinalizersTest, SomebodyWhoRemovesTheirsMeanwhileDoesNotLoseOneOfOthers) {
  const Json object = Put({kTheirs, "third.example/x", kOurs});
  BeforeNextPatch([&] { Edit([](Json& live) { live["metadata"]["finalizers"].erase(0); }); });
  ASSERT_TRUE(RemoveFinalizer(client_, ConfigMaps(), object, kOurs));
  EXPECT_EQ(Finalizers(), Json({"third.example/x"})) << "somebody's clean-up would never happen";
}

TEST_F(FinalizersTest, SomebodyWhoAddsTheirsMeanwhileKeepsIt) {
  for (const std::vector<std::string>& before : {std::vector<std::string>{}, {"third.example/x"}}) {
    const Json object = Put(before);
    BeforeNextPatch(
        [&] { Edit([](Json& live) { live["metadata"]["finalizers"].push_back(kTheirs); }); });
    ASSERT_TRUE(AddFinalizer(client_, ConfigMaps(), object, kOurs));
    const auto now = Finalizers().get<std::set<std::string>>();
    EXPECT_TRUE(now.contains(kTheirs)) << "theirs was overwritten";
    EXPECT_TRUE(now.contains(kOurs));
    EXPECT_EQ(now.size(), before.size() + 2);
  }
}

// A status that changes all the time must not keep a deletion waiting.
TEST_F(FinalizersTest, OtherChangesOfTheObjectDoNotGetInTheWay) {
  const Json object = Put({kTheirs, kOurs});
  Edit([](Json& live) { live["data"]["x"] = "y"; });
  server_.ClearRequests();
  ASSERT_TRUE(RemoveFinalizer(client_, ConfigMaps(), object, kOurs));
  EXPECT_EQ(server_.requests().size(), 1u);
  EXPECT_EQ(Live()["data"]["x"], "y");
}

TEST_F(FinalizersTest, ADeletionThatComesMeanwhileWins) {
  const Json object = Put({kTheirs});
  BeforeNextPatch([&] {
    Edit([](Json& live) {
      live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
      live["metadata"]["finalizers"].push_back("third.example/x");
    });
  });
  const auto added = AddFinalizer(client_, ConfigMaps(), object, kOurs);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kConflict);
  EXPECT_NE(added.error().message.find("being deleted"), std::string::npos);
}

// Deleted and made again between our look and our write: the new one is not ours to hold.
TEST_F(FinalizersTest, TheNextObjectOfThatNameIsLeftAlone) {
  for (const bool held : {false, true}) {
    const Json object = held ? Put({kOurs}) : Put({});
    BeforeNextPatch([&] {
      Edit([](Json& live) { live["metadata"].erase("finalizers"); });
      server_.Remove(ConfigMaps(), kKey);
      if (held) {
        Put({kOurs});
      } else {
        Put({});
      }
    });
    if (held) {
      EXPECT_TRUE(RemoveFinalizer(client_, ConfigMaps(), object, kOurs)) << "ours is gone";
      EXPECT_EQ(Finalizers(), Json({kOurs}));
    } else {
      const auto added = AddFinalizer(client_, ConfigMaps(), object, kOurs);
      ASSERT_FALSE(added);
      EXPECT_EQ(added.error().code, ErrorCode::kNotFound);
      EXPECT_EQ(Finalizers(), Json::array());
    }
  }
}

TEST_F(FinalizersTest, AnObjectThatIsGone) {
  const Json object = Put({kOurs});
  Edit([](Json& live) { live["metadata"].erase("finalizers"); });
  server_.Remove(ConfigMaps(), kKey);
  EXPECT_TRUE(RemoveFinalizer(client_, ConfigMaps(), object, kOurs));
  const auto added = AddFinalizer(client_, ConfigMaps(), object, "example.com/else");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kNotFound);
}

TEST_F(FinalizersTest, GivesUpAfterAFewRounds) {
  const Json object = Put({kTheirs});
  int patches = 0;
  server_.OnRequest([&](const Request& request) {
    if (request.method != "PATCH") return;
    ++patches;
    Edit([&](Json& live) {
      live["metadata"]["finalizers"].push_back("x.example/" + std::to_string(patches));
    });
  });
  const auto added = AddFinalizer(client_, ConfigMaps(), object, kOurs);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kConflict);
  EXPECT_EQ(patches, 5);
}

TEST_F(FinalizersTest, ARefusalOfTheServerIsToldAsItIs) {
  const Json object = Put({kTheirs});
  server_.ClearRequests();
  server_.FailNext({.method = "PATCH", .times = -1}, 422, "Invalid");
  const auto added = AddFinalizer(client_, ConfigMaps(), object, kOurs);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(server_.requests().size(), 2u) << "PATCH, and GET to see that nobody was faster";
}

TEST_F(FinalizersTest, AnAnswerThatGotLostIsFoundOut) {
  const Json object = Put({kTheirs});
  server_.DropNext({.method = "PATCH"}, /*after_work=*/true);
  EXPECT_FALSE(AddFinalizer(client_, ConfigMaps(), object, kOurs)) << "the queue tries again";
  ASSERT_TRUE(AddFinalizer(client_, ConfigMaps(), object, kOurs)) << "from the stale cache even";
  EXPECT_EQ(Finalizers(), Json({kTheirs, kOurs})) << "and is not there twice";
}

TEST_F(FinalizersTest, NamesMustBeQualified) {
  const Json object = Put({});
  for (const char* name : {"clean-up", "foregroundDeletion", "", "/x", "A.com/x"}) {
    const auto added = AddFinalizer(client_, ConfigMaps(), object, name);
    ASSERT_FALSE(added) << name;
    EXPECT_EQ(added.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(RemoveFinalizer(client_, ConfigMaps(), object, name)) << name;
  }
}

TEST_F(FinalizersTest, ManyControllersOnOneList) {
  constexpr int kControllers = 4;
  const auto name = [](int i) { return "c" + std::to_string(i) + ".example/x"; };
  std::vector<std::string> all;
  for (int i = 0; i < kControllers; ++i) all.push_back(name(i));
  const Json object = Put(all);
  Delete();
  const auto remove = [&](int i) {
    while (!RemoveFinalizer(client_, ConfigMaps(), object, name(i))) {
    }
  };
  {
    std::vector<std::jthread> controllers;
    for (int i = 0; i < kControllers; ++i) controllers.emplace_back(remove, i);
  }
  EXPECT_FALSE(server_.Get(ConfigMaps(), kKey).has_value()) << "the object hangs in deletion";
}

}  // namespace
}  // namespace sb::kube
