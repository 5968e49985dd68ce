// What an informer asks a server for, and when: on virtual time, so that a test says it to the
// second. testing/CASES.md says which case of which framework each of these is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/informer_protocol_fixture.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Fault::Kind;

class InformerProtocol : public InformerProtocolFixture {};

TEST_F(InformerProtocol, ListsOnceAndThenWatchesForEver) {
  Put("a");
  At(30s, [this] { Put("b"); });
  Run(500s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "200s watch rv=3",
                                  "400s watch rv=3"));
  EXPECT_EQ(changes_, "+a +b ");
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(InformerProtocol, BacksOffWhileNobodyAnswers) {
  meet_ = [this](const std::string&) {
    return Fault{.kind = time_.Now() < begun_ + 10s ? Kind::kRefuse : Kind::kNone};
  };
  Run(20s);
  EXPECT_THAT(asked_,
              ElementsAre("0s list rv=0 limit=2", "1s list rv=0 limit=2", "3s list rv=0 limit=2",
                          "7s list rv=0 limit=2", "15s list rv=0 limit=2", "15s watch rv=1"));
}

TEST_F(InformerProtocol, TakesTheBackoffThatItIsGiven) {
  options_.watcher.backoff = {.base = 5s, .factor = 3, .cap = 20s, .jitter = 0};
  meet_ = [](const std::string&) { return Fault{.kind = Kind::kStatus, .status = 500}; };
  Run(60s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "5s list rv=0 limit=2",
                                  "20s list rv=0 limit=2", "40s list rv=0 limit=2"));
}

TEST_F(InformerProtocol, TooManyRequestsIsNoReasonToList) {
  server_.FailNext({.method = "WATCH", .times = 2}, 429, "TooManyRequests");
  server_.FailNext({.method = "WATCH", .times = 1}, 429, "TooManyRequests", 25);
  Run(40s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=1", "1s watch rv=1",
                                  "3s watch rv=1", "28s watch rv=1"))
      << "the server's own wish counts if it is longer";
}

TEST_F(InformerProtocol, ALostConnectionIsNoReasonToList) {
  Put("a");
  At(10s, [this] {
    server_.CloseWatches(false);
    Put("b");
  });
  Run(20s);
  EXPECT_THAT(asked_,
              ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "11s check", "11s watch rv=2"));
  EXPECT_EQ(changes_, "+a +b ");
}

TEST_F(InformerProtocol, AServerThatForgotTheVersionIsListedAgain) {
  for (const bool by_status : {false, true}) {
    informer_.reset();
    asked_.clear();
    server_.Become({.gone_by_status = by_status});
    Run(1s);
    const std::string last = Version();
    time_.After(9s, [this] {
      Put("x" + Version());
      server_.Restart();  // its watch cache begins behind that
    });
    asked_.clear();
    Run(30s);
    // From the version that it has: any server that is as far may answer, from its cache.
    std::vector<std::string> without_times;
    for (const std::string& asked : asked_) without_times.push_back(asked.substr(asked.find(' ')));
    EXPECT_THAT(without_times,
                ElementsAre(" list rv=0 limit=2", " watch rv=" + last, " check",
                            " watch rv=" + last, " list rv=" + last, " watch rv=" + Version()))
        << by_status;
    EXPECT_EQ(informer_->store().size(), server_.List(Pods()).size());
  }
}

TEST_F(InformerProtocol, AReplicaThatLagsBehindMakesItAskForTheLatest) {
  Put("a");
  At(5s, [this] { Put("b"); });
  At(10s, [this] {
    server_.Become({.cache_lag = 1});
    server_.Restart();
  });
  meet_ = [](const std::string& asked) {
    return Fault{.kind = asked == "11s watch rv=3" ? Kind::kStatus : Kind::kNone, .status = 500};
  };
  At(20s, [this] {
    Put("c");
    server_.Become({});
  });
  Run(30s);
  EXPECT_THAT(asked_,
              ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "11s check", "11s watch rv=3",
                          "13s list rv=3", "13s list rv= limit=2", "13s watch rv=3"))
      << "its cache is not as far as we are: ResourceVersionTooLarge";
  EXPECT_EQ(Cached(), "abc");
}

TEST_F(InformerProtocol, AServerWhoseHistoryWentBackIsListedAgain) {
  Put("a");
  const auto backup = server_.BackUp();
  At(5s, [this] { Put("b"); });
  At(10s, [&] { server_.Restore(backup); });
  Run(20s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "11s check",
                                  "11s list rv= limit=2", "11s watch rv=2"));
  EXPECT_EQ(changes_, "+a +b -b ");
}

TEST_F(InformerProtocol, PagesAreReadToTheLastHoweverManyOrEmpty) {
  server_.Become({.watch_cache = false, .empty_pages = 1});
  for (const std::string names : {"", "ab", "abc", "abcdef"}) {
    for (char name : names) Put(std::string(1, name));
    informer_.reset();
    asked_.clear();
    Run(1s);
    EXPECT_EQ(Cached(), names);
    const std::size_t more = names.empty() ? 0 : (names.size() - 1) / 2;
    EXPECT_EQ(asked_.size(), 1 + 2 * more + 1)
        << names << ": an empty page before each, and a watch";
  }
  asked_.clear();
  time_.After(10s, [this] { server_.Compact(true); });
  informer_.reset();
  Run(20s);
  EXPECT_THAT(asked_, testing::Contains(testing::HasSubstr("list rv= limit=2")))
      << "without a watch cache, relists keep paging";
}

TEST_F(InformerProtocol, APageThatExpiresIsFollowedByTheWholeListAtOnce) {
  server_.Become({.watch_cache = false});
  for (const char* name : {"a", "b", "c", "d", "e"}) Put(name);
  meet_ = [this](const std::string& asked) {
    if (asked.find("continue") != std::string::npos) {
      Put("f");
      server_.Compact();
    }
    return Fault{};
  };
  Run(5s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s continue limit=2", "0s list rv=0",
                                  "0s watch rv=7"));
  EXPECT_EQ(Cached(), "abcdef");
}

TEST_F(InformerProtocol, ASilentPeerIsLeftAfterTheTimeoutItWasGiven) {
  Put("a");
  meet_ = [](const std::string& asked) {
    return Fault{.kind = asked == "0s watch rv=2" ? Kind::kStall : Kind::kNone};
  };
  At(3s, [this] { Put("b"); });
  Run(300s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "205s check",
                                  "205s watch rv=2"));
  EXPECT_THAT(errors_, ElementsAre(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(Cached(), "ab");
}

TEST_F(InformerProtocol, ASilentPeerThatUsedToSendBookmarksIsLeftSooner) {
  server_.Become({.bookmark_interval = 60s});
  Put("a");
  At(30s, [this] { PutSomethingElse(); });
  // The first bookmark still arrives.
  const std::string bookmark =
      R"({"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"Pod","metadata":)"
      R"({"creationTimestamp":null,"resourceVersion":"3"}}})";
  meet_ = [&](const std::string& asked) {
    if (asked != "0s watch rv=2") return Fault{};
    return Fault{.kind = Kind::kStall, .after_bytes = bookmark.size() + 1};
  };
  Run(180s);
  EXPECT_THAT(asked_,
              ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "140s check", "140s watch rv=3"))
      << "80 s after the bookmark, whose version is where it goes on";
}

TEST_F(InformerProtocol, BookmarksKeepAStreamAliveAndMoveItOn) {
  server_.Become({.bookmark_interval = 60s});
  Put("a");
  for (auto when = 20s; when < 400s; when += 20s) At(when, [this] { PutSomethingElse(); });
  Run(390s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "200s watch rv=11"))
      << "every 60 s, and at 198 s";
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(InformerProtocol, AStreamThatEndsAtOnceIsNotOpenedInALoop) {
  meet_ = [](const std::string& asked) {
    return Fault{.kind = asked.find("watch") == std::string::npos ? Kind::kNone : Kind::kHalfLine};
  };
  for (auto when = 0s; when < 20s; when += 1s) At(when, [this] { Put("a" + Version()); });
  Run(10s);
  // Half a line is no event: closed in good order within a second, it counts as nothing.
  EXPECT_LT(asked_.size(), 12u);
}

TEST_F(InformerProtocol, TheClockOnTheWallDoesNotMatter) {
  Put("a");
  for (auto when = 5s; when < 500s; when += 10s) {
    At(when, [this, when] { time_.JumpWall(when / 10s % 2 == 0 ? 1h : -1h); });
  }
  At(30s, [this] { Put("b"); });
  Run(500s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=2", "200s watch rv=3",
                                  "400s watch rv=3"));
}

TEST_F(InformerProtocol, TenMinutesOfATrickleLoseNothing) {
  options_.watcher.watch_timeout_min_s = options_.watcher.watch_timeout_max_s = 700;
  meet_ = [](const std::string& asked) {
    if (asked != "0s watch rv=1") return Fault{};
    return Fault{.kind = Kind::kTrickle, .trickle_bytes = 60'000, .piece = 10, .pause = 100ms};
  };
  for (int i = 0; i < 590; ++i)
    At(i * 1s, [this, i] { Put("p" + std::to_string(i % 50), std::to_string(i)); });
  Run(620s);
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2", "0s watch rv=1"));
  EXPECT_EQ(informer_->store().ResourceVersion(), Version());
  EXPECT_EQ(std::count(changes_.begin(), changes_.end(), ' '), 590);
}

TEST_F(InformerProtocol, IsSyncedOnceEveryObjectHasBeenAnnounced) {
  for (const char* name : {"a", "b", "c"}) Put(name);
  on_change_ = [this](const ObjectPtr&, const ObjectPtr&) { EXPECT_FALSE(informer_->Synced()); };
  At(1s, [this] { on_change_ = nullptr; });
  Run(2s);
  EXPECT_TRUE(informer_->Synced());
  EXPECT_EQ(std::count(changes_.begin(), changes_.end(), '+'), 3);
}

TEST_F(InformerProtocol, TheNextObjectOfANameIsNewsAlthoughItsGenerationIsTheSame) {
  Put("a");
  std::vector<std::pair<std::string, std::string>> uids;
  on_change_ = [&](const ObjectPtr& old, const ObjectPtr& now) {
    if (old && now) uids.emplace_back(old->uid(), now->uid());
    if (now) {
      EXPECT_EQ(now->At({"metadata", "generation"}).Integer(), 1);
    }
  };
  At(10s, [this] {
    server_.Remove(Pods(), {"ns", "a"});
    Put("a");
    server_.Compact(true);  // only a list shows it
  });
  Run(20s);
  ASSERT_EQ(uids.size(), 1u);
  EXPECT_NE(uids[0].first, uids[0].second);
}

TEST_F(InformerProtocol, WhatTheProjectionDropsIsDroppedWhereverAnObjectComesFrom) {
  for (const bool streaming : {false, true}) {
    informer_.reset();
    options_.watcher.streaming_list = streaming;
    options_.projection = Projection::Everything().Drop("/metadata/managedFields").Drop("/status");
    const auto make = [this](const std::string& name) {
      server_.Put(Pods(), {{"metadata", {{"name", name}, {"namespace", "ns"}}},
                           {"spec", {{"x", 1}}},
                           {"status", {{"phase", "Running"}}}});
    };
    make("listed");
    time_.After(1s, [&] { make("watched"); });
    Run(2s);
    ASSERT_EQ(informer_->store().size(), 2u);
    for (const ObjectPtr& object : informer_->store().List()) {
      EXPECT_FALSE((*object)["status"]) << object->name();
      EXPECT_FALSE(object->At({"metadata", "managedFields"})) << object->name();
      EXPECT_EQ(object->At({"spec", "x"}).Integer(), 1) << object->name();
    }
  }
}

TEST_F(InformerProtocol, StoppedDuringTheListItDoesNotWatch) {
  std::stop_source stop;
  meet_ = [&](const std::string&) {
    stop.request_stop();
    return Fault{};
  };
  Informer informer(client_, options_, nullptr, time_);
  informer.Run(stop.get_token());
  EXPECT_THAT(asked_, ElementsAre("0s list rv=0 limit=2"));
  informer.Run(stop.get_token());
  EXPECT_EQ(asked_.size(), 1u) << "stopped before it began";
}

}  // namespace
}  // namespace sb::kube
