// Watches of the fake as those of a kube-apiserver 1.34 with its watch cache, on virtual time.
#include <gtest/gtest.h>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/virtual_time.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using StreamingLists = FakeServerTraits::StreamingLists;

class FakeApiWatches : public testing::Test {
 protected:
  FakeApiWatches() {
    server_.OnIdle([this](TimePoint until) { time_.PassUntilNext(until); });
  }

  using Query = std::vector<std::pair<std::string, std::string>>;

  // What a watch tells until it ends: "ADDED a@2 MODIFIED a@3 BOOKMARK @9", or its status.
  std::string Watch(Query query, const std::string& accept = "application/json",
                    Duration patience = 1h) {
    Request request{.path = Pods().Path(""), .query = std::move(query), .accept = accept};
    request.query.emplace_back("watch", "true");
    request.query.emplace_back("allowWatchBookmarks", "true");
    std::string told;
    StreamHandlers handlers;
    handlers.idle_deadline = [patience] { return patience; };
    handlers.on_data = [&](std::string_view bytes) {
      while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        last_ = Json::parse(bytes.substr(0, end));
        bytes.remove_prefix(end + 1);
        const Json& object = last_["object"];
        told += (told.empty() ? "" : " ") + StringAt(last_, {"type"});
        if (StringAt(last_, {"type"}) == "ERROR") {
          told += " " + std::to_string(IntAt(object, {"code"}));
          continue;
        }
        told += " " + KeyOf(object).name + "@" + ResourceVersionOf(object);
        if (!StringAt(object, {"metadata", "annotations", "k8s.io/initial-events-end"}).empty()) {
          told += "!";
        }
      }
      return true;
    };
    const auto head = server_.Stream(request, handlers, {});
    if (!head) return told + (told.empty() ? "" : " ") + std::string(ToString(head.error().code));
    if (head->status != 200) return std::to_string(head->status);
    return told;
  }
  std::string From(const std::string& version, const std::string& seconds = "60") {
    return Watch({{"resourceVersion", version}, {"timeoutSeconds", seconds}});
  }
  void Make(const std::string& name, const std::string& app = "x") {
    server_.Put(Pods(),
                {{"metadata", {{"name", name}, {"namespace", "ns"}, {"labels", {{"app", app}}}}}});
  }
  void Later(Duration when, std::function<void()> what) { time_.After(when, std::move(what)); }

  VirtualTime time_;
  FakeApiServer server_{time_};
  Json last_;
};

TEST_F(FakeApiWatches, TellsWhatChangesUntilItsTimeIsOver) {
  Make("a");
  Later(10s, [this] { Make("b"); });
  Later(20s, [this] { Make("b", "y"); });
  Later(30s, [this] { server_.Remove(Pods(), {"ns", "a"}); });
  Later(61s, [this] { Make("too late"); });
  const TimePoint begun = time_.Now();
  EXPECT_EQ(From("2"), "ADDED b@3 MODIFIED b@4 DELETED a@5");
  EXPECT_EQ(time_.Now() - begun, 60s);
}

TEST_F(FakeApiWatches, BeginsWithTheStateIfNoVersionIsNamed) {
  Make("a");
  Make("b");
  EXPECT_EQ(From("0"), "ADDED a@2 ADDED b@3");
  EXPECT_EQ(Watch({{"timeoutSeconds", "5"}}), "ADDED a@2 ADDED b@3");
}

TEST_F(FakeApiWatches, AnObjectThatLeavesTheSelectorIsDeletedAtThatVersion) {
  Make("a", "in");
  Later(1s, [this] { Make("a", "out"); });
  Later(2s, [this] { Make("a", "in"); });
  EXPECT_EQ(Watch({{"resourceVersion", "2"}, {"labelSelector", "app=in"}, {"timeoutSeconds", "5"}}),
            "DELETED a@3 ADDED a@4");
}

TEST_F(FakeApiWatches, BookmarksComeRegularlyAndBeforeTheEnd) {
  server_.Become({.bookmark_interval = 40s});
  Make("a");
  Later(1s, [this] { server_.Put(Services(), {{"metadata", {{"name", "s"}}}}); });
  EXPECT_EQ(From("2", "100"), "BOOKMARK @3 BOOKMARK @3 BOOKMARK @3") << "40, 80 and 98 s";
  EXPECT_EQ(From("3", "100"), "") << "nothing happened since 3: the real one says nothing either";
}

TEST_F(FakeApiWatches, AVersionOutsideOfItsWindowIsGone) {
  for (const char* name : {"a", "b", "c", "d"}) Make(name);  // 2 to 5
  server_.Become({.watch_window = 2});
  EXPECT_EQ(From("3"), "ADDED c@4 ADDED d@5");
  EXPECT_EQ(From("2"), "ERROR 410");
  server_.Become({.watch_window = 2, .gone_by_status = true});
  EXPECT_EQ(From("2"), "410");
}

TEST_F(FakeApiWatches, ARestartedServerKnowsNothingFromBefore) {
  Make("a");
  Make("b");
  EXPECT_EQ(From("2"), "ADDED b@3");
  Later(1s, [this] { server_.Restart(); });
  EXPECT_EQ(From("3"), "unavailable");
  EXPECT_EQ(From("2"), "ERROR 410") << "although etcd still knows";
  EXPECT_EQ(From("3"), "") << "where its cache begins";
  server_.Become({.watch_cache = false});
  EXPECT_EQ(From("2"), "ADDED b@3") << "from etcd";
}

TEST_F(FakeApiWatches, CompactionCutsThoseWhoAreBehind) {
  Make("a");
  Later(1s, [this] {
    Make("b");
    server_.Compact();
  });
  EXPECT_EQ(From("2"), "ERROR 410");
  Make("c");
  server_.CompactAllBut(1);
  EXPECT_EQ(From("2"), "ERROR 410");
  EXPECT_EQ(From("3"), "ADDED c@4");
}

TEST_F(FakeApiWatches, AVersionThatLiesAheadIsAcceptedAndSilent) {
  // As seen in kube-apiserver: events up to the version that was asked for are left out.
  server_.Become({.bookmark_interval = 10s});
  Make("a");
  Later(1s, [this] { Make("b"); });
  Later(2s, [this] { Make("c"); });
  EXPECT_EQ(From("3", "15"), "ADDED c@4 BOOKMARK @4 BOOKMARK @4");
  EXPECT_EQ(From("900", "15"), "");
}

TEST_F(FakeApiWatches, ALaggingCacheTellsLater) {
  Make("a");
  server_.Become({.cache_lag = 1});
  Later(1s, [this] { Make("b"); });
  Later(2s, [this] { Make("c"); });
  EXPECT_EQ(From("1"), "ADDED a@2 ADDED b@3");
}

TEST_F(FakeApiWatches, AStreamingListEndsWithItsMark) {
  Make("a");
  Later(1s, [this] { Make("b"); });
  const Query query{{"sendInitialEvents", "true"},
                    {"resourceVersionMatch", "NotOlderThan"},
                    {"timeoutSeconds", "5"}};
  EXPECT_EQ(Watch(query), "ADDED a@2 BOOKMARK @2! ADDED b@3");
  server_.Become({.streaming_lists = StreamingLists::kNeverMarked});
  EXPECT_EQ(Watch(query), "ADDED a@2 ADDED b@3");
  server_.Become({.streaming_lists = StreamingLists::kIgnored});
  EXPECT_EQ(Watch(query), "ADDED a@2 ADDED b@3");
  server_.Become({.streaming_lists = StreamingLists::kRefused});
  EXPECT_EQ(Watch(query), "422");
  server_.Become({});
  EXPECT_EQ(Watch({{"sendInitialEvents", "true"}}), "422") << "without resourceVersionMatch";
  Query ahead = query;
  ahead.emplace_back("resourceVersion", "900");
  EXPECT_EQ(Watch(ahead), "ERROR 504") << "too large, in the stream";
}

TEST_F(FakeApiWatches, MetadataOnly) {
  Make("a");
  EXPECT_EQ(Watch({{"resourceVersion", "1"}, {"timeoutSeconds", "1"}},
                  "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"),
            "ADDED a@2");
  EXPECT_EQ(last_["object"]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(last_["object"]["apiVersion"], "meta.k8s.io/v1");
}

TEST_F(FakeApiWatches, SilenceEndsItAsTheRealTransportWould) {
  Make("a");
  const TimePoint begun = time_.Now();
  EXPECT_EQ(Watch({{"resourceVersion", "1"}, {"timeoutSeconds", "60"}}, "application/json", 7s),
            "ADDED a@2 deadline_exceeded");
  EXPECT_EQ(time_.Now() - begun, 7s);
}

TEST_F(FakeApiWatches, StopEndsIt) {
  std::stop_source stop;
  Later(3s, [&] { stop.request_stop(); });
  StreamHandlers handlers;
  handlers.idle_deadline = [] { return 1h; };
  handlers.on_data = [](std::string_view) { return true; };
  const auto head = server_.Stream({.path = "/api/v1/pods", .query = {{"resourceVersion", "1"}}},
                                   handlers, stop.get_token());
  EXPECT_EQ(head.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace sb::kube
