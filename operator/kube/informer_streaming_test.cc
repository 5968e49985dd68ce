// Streaming lists: a list that arrives as the first events of a watch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/informer_protocol_fixture.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using StreamingLists = FakeServerTraits::StreamingLists;

class InformerStreamingList : public InformerProtocolFixture {
 protected:
  InformerStreamingList() { options_.watcher.streaming_list = true; }
};

TEST_F(InformerStreamingList, AStreamingListIsTheBeginningOfTheWatch) {
  options_.watcher.streaming_list = true;
  Put("a");
  At(10s, [this] { Put("b"); });
  At(50s, [this] { server_.Compact(true); });
  Run(100s);
  EXPECT_THAT(asked_, ElementsAre("0s watch rv= initial", "51s watch rv=3 initial"));
  EXPECT_EQ(changes_, "+a +b ");
}

TEST_F(InformerStreamingList, AWatchThatResumesAsksForNoInitialEvents) {
  options_.watcher.streaming_list = true;
  server_.Become({.bookmark_interval = 60s});
  Put("a");
  At(1s, [this] { PutSomethingElse(); });
  Run(250s);
  EXPECT_THAT(asked_, ElementsAre("0s watch rv= initial", "200s watch rv=3"));
}

TEST_F(InformerStreamingList, WhateverAServerMakesOfAStreamingListItGetsThere) {
  const struct {
    StreamingLists lists;
    std::vector<std::string> asked;
  } kCases[] = {
      {StreamingLists::kRefused, {"watch rv= initial", "list rv=0 limit=2", "watch rv=2"}},
      {StreamingLists::kIgnored, {"watch rv= initial", "list rv=0 limit=2", "watch rv=2"}},
      {StreamingLists::kNeverMarked, {"watch rv= initial", "list rv=0 limit=2", "watch rv=2"}},
  };
  Put("a");
  for (const auto& each : kCases) {
    informer_.reset();
    asked_.clear();
    options_.watcher.streaming_list = true;
    server_.Become({.streaming_lists = each.lists});
    bool synced_early = false;
    if (each.lists != StreamingLists::kRefused) {
      time_.After(14s, [&] { synced_early = informer_->Synced(); });
    }
    Run(20s);
    std::vector<std::string> without_times;
    for (const std::string& asked : asked_) {
      without_times.push_back(asked.substr(asked.find(' ') + 1));
    }
    EXPECT_EQ(without_times, each.asked);
    EXPECT_FALSE(synced_early) << "not before the mark, or a list";
    EXPECT_EQ(Cached(), "a");
    EXPECT_TRUE(informer_->Synced());
  }
}

TEST_F(InformerStreamingList, A429OfOneIsNoReasonToGiveUpOnThem) {
  server_.FailNext({.method = "WATCH", .times = 2}, 429, "TooManyRequests");
  Run(10s);
  EXPECT_THAT(asked_,
              ElementsAre("0s watch rv= initial", "1s watch rv= initial", "3s watch rv= initial"));
}

TEST_F(InformerStreamingList, OneThatBreaksBeforeItsMarkIsBegunAnew) {
  Put("a");
  meet_ = [](const std::string& asked) {
    return Fault{.kind = asked.starts_with("0s") ? Fault::Kind::kReset : Fault::Kind::kNone,
                 .after_bytes = 30};
  };
  Run(10s);
  EXPECT_THAT(asked_, ElementsAre("0s watch rv= initial", "1s watch rv= initial"));
  EXPECT_EQ(changes_, "+a ") << "nothing of the first attempt is left or announced twice";
}

TEST_F(InformerStreamingList, ACacheThatLagsIsAskedForTheLatest) {
  Put("a");
  At(5s, [this] { Put("b"); });
  At(10s, [this] {
    server_.Become({.cache_lag = 1});
    server_.Restart();
  });
  meet_ = [](const std::string& asked) {
    return Fault{.kind = asked == "11s watch rv=3" ? Fault::Kind::kStatus : Fault::Kind::kNone,
                 .status = 500};
  };
  Run(20s);
  EXPECT_THAT(asked_, ElementsAre("0s watch rv= initial", "11s check", "11s watch rv=3",
                                  "13s watch rv=3 initial", "13s watch rv= initial"))
      << "ResourceVersionTooLarge, in the stream";
  EXPECT_EQ(Cached(), "ab");
  EXPECT_EQ(changes_, "+a +b ");
}

}  // namespace
}  // namespace sb::kube
