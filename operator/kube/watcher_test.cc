#include "operator/kube/watcher.h"

#include <gtest/gtest.h>

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint() + 1h;

Error Of(ErrorCode code) { return {code, "x", 0}; }

std::string Show(const Step& step) {
  if (const auto* list = std::get_if<ListCommand>(&step.command)) {
    return "list rv=" + list->resource_version + " limit=" + std::to_string(list->limit) +
           (list->continue_token.empty() ? "" : " continue=" + list->continue_token);
  }
  if (const auto* watch = std::get_if<WatchCommand>(&step.command)) {
    return "watch rv=" + watch->resource_version + (watch->send_initial_events ? " initial" : "");
  }
  if (std::holds_alternative<CheckCommand>(step.command)) return "check";
  if (std::holds_alternative<ReadOn>(step.command)) return "read on";
  return "wait";
}

struct Input {
  WatchInput input;
  Duration after;       // since the step before
  const char* command;  // what the watcher then does
};

struct Case {
  const char* what;
  std::vector<Input> inputs;
};

class WatcherTest : public testing::TestWithParam<Case> {};

TEST_P(WatcherTest, AnswersEachInput) {
  Step step = Begin({}, 7, kStart);
  EXPECT_EQ(Show(step), "list rv=0 limit=500");
  TimePoint now = kStart;
  int at = 0;
  for (const Input& input : GetParam().inputs) {
    now += input.after;
    step = Next(std::move(step.state), input.input, now);
    EXPECT_EQ(Show(step), input.command) << GetParam().what << ", input " << at;
    ++at;
  }
}

const EventArrived kAdded20{EventType::kAdded, "20"};

const Case kCases[] = {
    {"each event moves the version at which the watch resumes (TestReflectorResourceVersionUpdate)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {EventArrived{EventType::kAdded, "10"}, 0s, "read on"},
      {EventArrived{EventType::kModified, "20"}, 0s, "read on"},
      {EventArrived{EventType::kBookmark, "30"}, 0s, "read on"},
      {EventArrived{EventType::kDeleted, "40"}, 0s, "read on"},
      {StreamEnded{}, 5s, "watch rv=40"}}},
    {"the last event counts, not the highest version (TestReflectorWatchHandler)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {EventArrived{EventType::kModified, "55"}, 0s, "read on"},
      {EventArrived{EventType::kAdded, "32"}, 0s, "read on"},
      {StreamEnded{}, 5s, "watch rv=32"}}},
    {"a watch from 0 begins with unordered synthetic events: they do not count",
     {{PageArrived{"0", ""}, 0s, "watch rv=0"},
      {EventArrived{EventType::kAdded, "500"}, 0s, "read on"},
      {EventArrived{EventType::kAdded, "3"}, 0s, "read on"},
      {StreamEnded{}, 5s, "watch rv=0"},
      {EventArrived{EventType::kAdded, "500"}, 0s, "read on"},
      {EventArrived{EventType::kModified, "501"}, 0s, "read on"},
      {EventArrived{EventType::kAdded, "502"}, 0s, "read on"},
      {StreamEnded{}, 5s, "watch rv=502"}}},
    {"pages are asked for with the token of the one before; the first page's version is kept",
     {{PageArrived{"100", "a"}, 0s, "list rv=0 limit=500 continue=a"},
      {PageArrived{"100", "b"}, 0s, "list rv=0 limit=500 continue=b"},
      {PageArrived{"101", ""}, 0s, "watch rv=100"}}},
    {"no watch cache (version 0 came paged): relists keep paging, and never at one exact version",
     {{PageArrived{"100", "a"}, 0s, "list rv=0 limit=500 continue=a"},
      {PageArrived{"100", ""}, 0s, "watch rv=100"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 1s, "wait"},
      {DelayPassed{}, 1s, "list rv= limit=500"}}},
    {"410 on page 2: the whole list at once (TestReflectorFullListIfExpired)",
     {{PageArrived{"100", "a"}, 0s, "list rv=0 limit=500 continue=a"},
      {ListFailed{Of(ErrorCode::kGone)}, 0s, "list rv=0 limit=0"},
      {PageArrived{"120", ""}, 0s, "watch rv=120"}}},
    {"410 in the stream: list from the last version, unpaged; 410 again: the latest, paged "
     "(TestReflectorExpiredExactResourceVersion)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {kAdded20, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 1s, "wait"},
      {DelayPassed{}, 1s, "list rv=20 limit=0"},
      {ListFailed{Of(ErrorCode::kGone)}, 0s, "list rv= limit=500"},
      {PageArrived{"30", ""}, 0s, "watch rv=30"}}},
    {"410 as HTTP status at the start of a watch is the same (nobody tests it, kube-rs loops)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 0s, "wait"},
      {DelayPassed{}, 1s, "list rv=9 limit=0"}}},
    {"the latest list is gone too: back off, do not spin",
     {{ListFailed{Of(ErrorCode::kGone)}, 0s, "list rv= limit=500"},
      {ListFailed{Of(ErrorCode::kGone)}, 0s, "wait"},
      {DelayPassed{}, 1s, "list rv= limit=500"}}},
    {"429 and a lost connection back off and watch again, no list (TestNoRelistOnTooManyRequests)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {StreamFailed{Of(ErrorCode::kTooManyRequests), true}, 0s, "wait"},
      {DelayPassed{}, 1s, "watch rv=9"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "check"},
      {PageArrived{"9", ""}, 0s, "watch rv=9"},
      {kAdded20, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "check"},
      {ListFailed{Of(ErrorCode::kUnavailable)}, 0s, "wait"},
      {DelayPassed{}, 1s, "check"},
      {PageArrived{"25", "more"}, 0s, "watch rv=20"}}},
    {"the server that comes back is behind us: etcd was restored, a watch would stay silent",
     {{PageArrived{"90", ""}, 0s, "watch rv=90"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "check"},
      {PageArrived{"40", ""}, 0s, "list rv= limit=500"},
      {PageArrived{"41", ""}, 0s, "watch rv=41"}}},
    {"a server that is there and refuses the question is watched without it",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "check"},
      {ListFailed{Of(ErrorCode::kUnavailable)}, 0s, "wait"},
      {DelayPassed{}, 1s, "check"},
      {ListFailed{Of(ErrorCode::kPermissionDenied)}, 0s, "watch rv=9"}}},
    {"versions without an order are not checked",
     {{PageArrived{"x9", ""}, 0s, "watch rv=x9"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "watch rv=x9"}}},
    {"any other answer to a watch, also an unknown ERROR in the stream, ends in a list "
     "(TestReflectorReplacesStoreOnUnsafeDelete)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {StreamFailed{Of(ErrorCode::kUnavailable), true}, 0s, "wait"},
      {DelayPassed{}, 1s, "list rv=9 limit=0"},
      {PageArrived{"10", ""}, 0s, "watch rv=10"},
      {StreamFailed{Of(ErrorCode::kPermissionDenied), true}, 0s, "wait"},
      {DelayPassed{}, 1s, "list rv=10 limit=0"}}},
    {"silence: watch again at once at the last version "
     "(test_inactivity_reconnects_with_last_resource_version)",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {kAdded20, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kDeadlineExceeded), false}, 80s, "check"},
      {PageArrived{"25", ""}, 0s, "watch rv=20"}}},
    {"a stream that ends at once without an event is not opened again in a loop",
     {{PageArrived{"9", ""}, 0s, "watch rv=9"},
      {StreamEnded{}, 10ms, "wait"},
      {DelayPassed{}, 1s, "list rv=9 limit=0"},
      {PageArrived{"9", ""}, 0s, "watch rv=9"},
      {kAdded20, 0s, "read on"},
      {StreamEnded{}, 10ms, "watch rv=20"}}},
    {"lists fail for ever: go on for ever (deaf operators after lost permissions)",
     {{ListFailed{Of(ErrorCode::kPermissionDenied)}, 0s, "wait"},
      {DelayPassed{}, 1s, "list rv=0 limit=500"},
      {ListFailed{Of(ErrorCode::kNotFound)}, 0s, "wait"},
      {DelayPassed{}, 1s, "list rv=0 limit=500"}}},
    {"a list without version and without next page is no list",
     {{PageArrived{"", ""}, 0s, "wait"}, {DelayPassed{}, 1s, "list rv=0 limit=500"}}},
    {"an input that does not belong here starts over",
     {{StreamEnded{}, 0s, "wait"}, {DelayPassed{}, 1s, "list rv=0 limit=500"}}},
};
INSTANTIATE_TEST_SUITE_P(All, WatcherTest, testing::ValuesIn(kCases));

// Streaming lists, each from the state in which one has just been asked for.
struct StreamingCase {
  const char* what;
  std::vector<Input> inputs;
};

class WatcherStreamingTest : public testing::TestWithParam<StreamingCase> {};

TEST_P(WatcherStreamingTest, AnswersEachInput) {
  WatcherConfig config;
  config.streaming_list = true;
  Step step = Begin(config, 7, kStart);
  EXPECT_EQ(Show(step), "watch rv= initial");
  TimePoint now = kStart;
  for (const Input& input : GetParam().inputs) {
    now += input.after;
    step = Next(std::move(step.state), input.input, now);
    EXPECT_EQ(Show(step), input.command) << GetParam().what;
  }
}

const EventArrived kMark{EventType::kBookmark, "50", true};

const StreamingCase kStreamingCases[] = {
    {"the watch goes on behind the mark",
     {{EventArrived{EventType::kAdded, "3"}, 0s, "read on"},
      {EventArrived{EventType::kModified, "4"}, 0s, "read on"},
      {EventArrived{EventType::kDeleted, "5"}, 0s, "read on"},
      {kMark, 0s, "read on"},
      {EventArrived{EventType::kAdded, "51"}, 0s, "read on"},
      {StreamEnded{}, 5s, "watch rv=51"}}},
    {"a bookmark without the mark ends nothing",
     {{EventArrived{EventType::kBookmark, "40"}, 0s, "read on"},
      {StreamEnded{}, 5s, "wait"},
      {DelayPassed{}, 1s, "watch rv= initial"}}},
    {"expired later: a streaming list again, from the last version",
     {{kMark, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 1s, "wait"},
      {DelayPassed{}, 1s, "watch rv=50 initial"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 1s, "watch rv= initial"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 1s, "wait"}}},
    {"429 and a lost connection: again",
     {{StreamFailed{Of(ErrorCode::kTooManyRequests), true}, 0s, "wait"},
      {DelayPassed{}, 1s, "watch rv= initial"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "watch rv= initial"}}},
    {"a server that refuses is asked for plain lists from then on",
     {{StreamFailed{Of(ErrorCode::kInvalidArgument), true}, 0s, "list rv=0 limit=500"},
      {PageArrived{"9", ""}, 0s, "watch rv=9"},
      {StreamFailed{Of(ErrorCode::kGone), true}, 1s, "wait"},
      {DelayPassed{}, 1s, "list rv=9 limit=0"}}},
    {"one that accepts and then says nothing, too (antrea#8123)",
     {{EventArrived{EventType::kAdded, "3"}, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kDeadlineExceeded), false}, 15s, "list rv=0 limit=500"}}},
    {"or whose streams break before the mark, three times in a row; refused connections are not "
     "that",
     {{EventArrived{EventType::kAdded, "3"}, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 5s, "wait"},
      {DelayPassed{}, 1s, "watch rv= initial"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 0s, "wait"},
      {DelayPassed{}, 1s, "watch rv= initial"},
      {StreamEnded{}, 5s, "wait"},
      {DelayPassed{}, 1s, "watch rv= initial"},
      {EventArrived{EventType::kAdded, "3"}, 0s, "read on"},
      {StreamFailed{Of(ErrorCode::kUnavailable), false}, 5s, "list rv=0 limit=500"}}},
    {"and one that sends events but never the mark",
     {{EventArrived{EventType::kAdded, "3"}, 50s, "read on"},
      {EventArrived{EventType::kAdded, "4"}, 20s, "list rv=0 limit=500"}}},
};
INSTANTIATE_TEST_SUITE_P(All, WatcherStreamingTest, testing::ValuesIn(kStreamingCases));

TEST(WatcherStaging, AStreamingListIsCommittedAtItsMark) {
  WatcherConfig config;
  config.streaming_list = true;
  Step step = Begin(config, 7, kStart);
  EXPECT_EQ(step.staged, Staged::kDrop);
  EXPECT_TRUE(IsCollecting(step.state));
  EXPECT_EQ(IdleDeadline(step.state), 15s);
  step = Next(step.state, EventArrived{EventType::kAdded, "3"}, kStart);
  EXPECT_EQ(step.staged, Staged::kKeep);
  step = Next(step.state, kMark, kStart);
  EXPECT_EQ(step.staged, Staged::kCommit);
  EXPECT_EQ(step.commit_version, "50");
  EXPECT_FALSE(IsCollecting(step.state));
}

TEST(WatcherStaging, PagesAreCommittedTogetherOrNotAtAll) {
  Step step = Begin({}, 1, kStart);
  EXPECT_EQ(step.staged, Staged::kDrop);
  step = Next(step.state, PageArrived{"5", "more"}, kStart);
  EXPECT_EQ(step.staged, Staged::kKeep);
  const Step broken = Next(step.state, ListFailed{Of(ErrorCode::kUnavailable)}, kStart);
  EXPECT_EQ(broken.staged, Staged::kDrop);
  const Step expired = Next(step.state, ListFailed{Of(ErrorCode::kGone)}, kStart);
  EXPECT_EQ(expired.staged, Staged::kDrop) << "the full list comes in place of the pages";
  const Step done = Next(step.state, PageArrived{"6", ""}, kStart);
  EXPECT_EQ(done.staged, Staged::kCommit);
  EXPECT_EQ(done.commit_version, "5");
}

TEST(WatcherIdle, IsShorterOnceTheServerHasShownThatItSendsBookmarks) {
  Step step = Next(Begin({}, 1, kStart).state, PageArrived{"5", ""}, kStart);
  const int timeout = std::get<WatchCommand>(step.command).timeout_s;
  EXPECT_GE(timeout, 180);
  EXPECT_LE(timeout, 230);
  EXPECT_EQ(IdleDeadline(step.state), std::chrono::seconds(timeout) + 5s);
  step = Next(step.state, EventArrived{EventType::kBookmark, "6"}, kStart);
  EXPECT_EQ(IdleDeadline(step.state), 80s);
}

TEST(WatcherBackoff, GrowsWithJitterAndStartsOverAfterTwoQuietMinutes) {
  Step step = Begin({}, 3, kStart);
  TimePoint now = kStart;
  const double bounds[] = {0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30};
  for (double base : bounds) {
    step = Next(step.state, ListFailed{Of(ErrorCode::kUnavailable)}, now);
    const double delay =
        std::chrono::duration<double>(std::get<WaitCommand>(step.command).delay).count();
    EXPECT_GE(delay, base * 0.999);
    EXPECT_LT(delay, base * 2.001);
    now += 1s;
    step = Next(step.state, DelayPassed{}, now);
  }
  step = Next(step.state, ListFailed{Of(ErrorCode::kUnavailable)}, now + 3min);
  EXPECT_LT(std::get<WaitCommand>(step.command).delay, 1601ms);
}

TEST(WatcherBackoff, BelievesRetryAfterUpToAMinute) {
  Error busy{ErrorCode::kTooManyRequests, "x", 20'000};
  Step step = Next(Begin({}, 3, kStart).state, ListFailed{busy}, kStart);
  EXPECT_GE(std::get<WaitCommand>(step.command).delay, 20s);
  busy.retry_after_ms = 3'600'000;
  step = Next(Begin({}, 3, kStart).state, ListFailed{busy}, kStart);
  EXPECT_LE(std::get<WaitCommand>(step.command).delay, 60s);
}

}  // namespace
}  // namespace sb::kube
