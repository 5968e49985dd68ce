// What is asked of Prometheus for anticipation, how often, and what happens when it does not
// answer.
#include "operator/scaling/forecaster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
namespace sb::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const BackendKey kTodo{"default", "todo"};

class ForecasterTest : public testing::Test {
 protected:
  // Asks what is due; how many queries that took.
  int AskAll() {
    int asked = 0;
    while (forecaster_.AskOne()) ++asked;
    forecaster_.Announce();
    return asked;
  }
  void Want(WantedPast wanted) { forecaster_.SetWanted(kTodo, {std::move(wanted)}); }
  static WantedPast Wanted(const std::string& url = "http://p", int days = 14) {
    WantedPast wanted{.target = "api",
                      .anticipation = {.history_days = days, .zone = *calendar::LoadZone("UTC")},
                      .max_replicas = 20};
    wanted.metrics = {{{.name = "rate", .target = 100, .recorded = true}, {url, "sum(rate)"}}};
    return wanted;
  }
  std::optional<int> Floor() const {
    const auto floor = forecaster_.FloorOf(kTodo, "api");
    const auto all = forecaster_.FloorsOf(kTodo);
    EXPECT_EQ(all.contains("api") && all.at("api").anticipated.has_value(),
              floor.anticipated.has_value());
    EXPECT_TRUE(forecaster_.FloorsOf({"default", "nobody"}).empty());
    for (const auto& [target, its_floor] : all) {
      EXPECT_EQ(forecaster_.Floors().at({kTodo, target}).anticipated, its_floor.anticipated);
    }
    return floor.anticipated ? std::optional(floor.anticipated->replicas) : std::nullopt;
  }

  FakeClock clock_{*ParseTime("2026-11-23T08:02:00Z")};
  double value_ = 700;
  std::optional<ErrorCode> failure_;
  std::vector<promql::Client::Range> ranges_;
  int told_ = 0;
  Forecaster forecaster_{[this](const Source& source, const promql::Client::Range& range,
                                Duration) -> Expected<std::vector<promql::Series>> {
                           ranges_.push_back(range);
                           if (failure_ && source.url == "http://p") return Fail(*failure_, "no");
                           std::vector<promql::Series> points;
                           for (WallTime at = range.from; at <= range.to; at += range.step)
                             points.push_back({.value = value_, .at = at});
                           return points;
                         },
                         clock_, [this](const BackendKey&) { ++told_; }};
};

TEST_F(ForecasterTest, OneQueryAnHourForEachFormerDay) {
  Want(Wanted());
  EXPECT_TRUE(forecaster_.FloorOf(kTodo, "api").loading);
  EXPECT_EQ(AskAll(), 14);
  EXPECT_EQ(Floor(), 7);
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(FormatTime(ranges_[0].from), "2026-11-22T08:00:00Z");
  EXPECT_EQ(ranges_[0].to - ranges_[0].from, minutes(70));
  EXPECT_EQ(ranges_[0].step, kRecordStep);
  int asked = 0;
  for (int i = 0; i < 24 * 60; ++i) {
    clock_.Advance(minutes(1));
    asked += AskAll();
    ASSERT_EQ(Floor(), 7) << "no gap between two hours, after " << i << " minutes";
  }
  EXPECT_EQ(asked, 24 * 14);
  EXPECT_EQ(told_, 1) << "nothing has changed";
}

TEST_F(ForecasterTest, ASettledSpecIsNotAskedAgain) {
  Want(Wanted());
  AskAll();
  WantedPast more = Wanted();
  more.max_replicas = 5;
  Want(more);
  EXPECT_EQ(AskAll(), 0);
  EXPECT_EQ(Floor(), 5);
  more.metrics[0].source.query = "sum(other)";
  Want(more);
  EXPECT_TRUE(forecaster_.FloorOf(kTodo, "api").loading);
  EXPECT_EQ(AskAll(), 14);
  forecaster_.SetWanted(kTodo, {});
  EXPECT_EQ(Floor(), std::nullopt);
  EXPECT_FALSE(forecaster_.FloorOf(kTodo, "api").loading);
  EXPECT_EQ(AskAll(), 0);
}

// A server that is down costs one query a minute or two, and no other server waits for it.
TEST_F(ForecasterTest, ASilentServerIsLeftAloneAndIsNoFloor) {
  failure_ = ErrorCode::kDeadlineExceeded;
  Want(Wanted());
  forecaster_.SetWanted({"default", "other"}, {Wanted("http://q")});
  EXPECT_EQ(AskAll(), 1 + 14);
  EXPECT_EQ(Floor(), std::nullopt);
  EXPECT_FALSE(forecaster_.FloorOf(kTodo, "api").loading) << "nothing waits for it either";
  EXPECT_EQ(forecaster_.FloorOf({"default", "other"}, "api").anticipated->replicas, 7);
  EXPECT_EQ(AskAll(), 0);
  int asked = 0;
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(minutes(1));
    asked += AskAll();
  }
  EXPECT_LE(asked, 6);
  failure_.reset();
  clock_.Advance(minutes(2));
  AskAll();
  EXPECT_EQ(Floor(), 7) << "and it comes back by itself";
}

// Prometheus goes down in the middle of the morning: what is known holds as far as it reaches.
TEST_F(ForecasterTest, WhatIsKnownOutlivesTheServer) {
  Want(Wanted());
  AskAll();
  failure_ = ErrorCode::kUnavailable;
  for (int i = 0; i < 57; ++i) {
    clock_.Advance(minutes(1));
    AskAll();
    ASSERT_EQ(Floor(), 7) << i;
  }
  clock_.Advance(hours(1));
  AskAll();
  EXPECT_EQ(Floor(), std::nullopt);
}

TEST_F(ForecasterTest, ARefusedDayIsADayWithoutARecord) {
  failure_ = ErrorCode::kInvalidArgument;  // several series, say
  Want(Wanted());
  EXPECT_EQ(AskAll(), 14);
  EXPECT_EQ(Floor(), std::nullopt);
  EXPECT_EQ(AskAll(), 0) << "asking again does not help before the next hour";
}

TEST_F(ForecasterTest, AChangedFloorIsTold) {
  Want(Wanted());
  AskAll();
  EXPECT_EQ(told_, 1);
  value_ = 900;
  clock_.Advance(hours(1));
  AskAll();
  EXPECT_EQ(Floor(), 9);
  EXPECT_EQ(told_, 2);
}

}  // namespace
}  // namespace sb::scaling
