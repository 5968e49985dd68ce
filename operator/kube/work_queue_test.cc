// The names in comments are those of the same case in client-go's workqueue, in
// controller-runtime's priority queue ("PQ") and in kube-rs' scheduler and runner.
#include "operator/kube/work_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/testing/fake_clock.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const ObjectKey kA{"ns", "a"};
const ObjectKey kB{"ns", "b"};
const ObjectKey kC{"ns", "c"};

class WorkQueueTest : public testing::Test {
 protected:
  // Takes a key and is done with it at once.
  std::optional<ObjectKey> Take() {
    auto key = queue_.TryGet();
    if (key) queue_.Done(*key);
    return key;
  }

  FakeClock clock_;
  WorkQueue queue_{"test", {.jitter = 0}, clock_};
};

// TestCollapse.
TEST_F(WorkQueueTest, CollapsesAddsInOrder) {
  queue_.Add(kA);
  queue_.Add(kB);
  queue_.Add(kA);
  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(queue_.TryGet(), kA);
  EXPECT_EQ(queue_.TryGet(), kB);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

// TestAddWhileProcessing, TestCollapseWhileProcessing.
TEST_F(WorkQueueTest, AKeyAddedWhileProcessedComesBackOnceAfterDone) {
  queue_.Add(kA);
  queue_.TryGet();
  queue_.Add(kA);
  queue_.Add(kA);
  EXPECT_EQ(queue_.TryGet(), std::nullopt) << "two workers must never have one key";
  EXPECT_EQ(queue_.size(), 0u);
  queue_.Done(kA);
  EXPECT_EQ(queue_.TryGet(), kA);
  queue_.Done(kA);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

// TestReinsert.
TEST_F(WorkQueueTest, AKeyThatIsDoneCanBeAddedAgain) {
  for (int i = 0; i < 3; ++i) {
    queue_.Add(kA);
    EXPECT_EQ(queue_.TryGet(), kA);
    queue_.Add(kA);
    queue_.Done(kA);
    EXPECT_EQ(Take(), kA);
    EXPECT_EQ(Take(), std::nullopt);
  }
}

TEST_F(WorkQueueTest, DoneWithoutGetChangesNothing) {
  queue_.Done(kA);
  queue_.Add(kA);
  queue_.Done(kA);
  EXPECT_EQ(queue_.size(), 1u);
  EXPECT_EQ(queue_.TryGet(), kA);
  queue_.Done(kA);
  queue_.Done(kA);
  EXPECT_EQ(queue_.processing(), 0u);
}

// kube-rs: pending head-of-line. A key that cannot run yet must not hold up those behind it.
TEST_F(WorkQueueTest, AKeyThatIsBeingWorkedOnHoldsNobodyUp) {
  queue_.Add(kA);
  queue_.TryGet();
  queue_.Add(kA);
  queue_.Add(kB);
  EXPECT_EQ(queue_.TryGet(), kB);
  EXPECT_EQ(queue_.Working(), (std::vector{kA, kB}));
}

// ---- Delays ----

// kube-rs: scheduler_dedupe_should_keep_earlier_item, …_replace_later_item: the earliest wins.
TEST_F(WorkQueueTest, DelayedKeysKeepTheirEarliestTime) {
  queue_.AddAfter(kA, 10s);
  queue_.AddAfter(kA, 5s);
  queue_.AddAfter(kA, 20s);
  EXPECT_EQ(queue_.size(), 0u);
  clock_.Advance(4s);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 1s);
  clock_.Advance(1s);
  EXPECT_EQ(Take(), kA);
  clock_.Advance(1h);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

// kube-rs: scheduler_dedupe_should_allow_rescheduling_emitted_item.
TEST_F(WorkQueueTest, AKeyThatCameDueCanBeDelayedAgain) {
  for (int i = 0; i < 3; ++i) {
    queue_.AddAfter(kA, 5s);
    clock_.Advance(5s);
    EXPECT_EQ(Take(), kA);
    EXPECT_EQ(queue_.NextDue(), std::nullopt);
  }
}

// TestAddTwoFireEarly.
TEST_F(WorkQueueTest, TwoDueEarlyFireInOrderOfTheirTimes) {
  queue_.AddAfter(kA, 3s);
  queue_.AddAfter(kB, 1s);
  clock_.Advance(5s);
  EXPECT_EQ(queue_.TryGet(), kB);
  EXPECT_EQ(queue_.TryGet(), kA);
}

TEST_F(WorkQueueTest, EqualTimesFireInOrderOfTheirAdds) {
  for (const ObjectKey& key : {kC, kA, kB}) queue_.AddAfter(key, 1s);
  clock_.Advance(1s);
  EXPECT_EQ(queue_.TryGet(), kC);
  EXPECT_EQ(queue_.TryGet(), kA);
  EXPECT_EQ(queue_.TryGet(), kB);
}

// PQ: an item takes its place at the time when it becomes ready.
TEST_F(WorkQueueTest, AKeyThatBecameReadyGoesBeforeThoseAddedLater) {
  queue_.Add(kA);
  queue_.AddAfter(kB, 1s);
  clock_.Advance(2s);
  queue_.Add(kC);
  EXPECT_EQ(queue_.TryGet(), kA);
  EXPECT_EQ(queue_.TryGet(), kB);
  EXPECT_EQ(queue_.TryGet(), kC);
}

TEST_F(WorkQueueTest, ADelayOfNothingIsAnAdd) {
  queue_.AddAfter(kA, 0s);
  queue_.AddAfter(kB, -1h);
  EXPECT_EQ(queue_.size(), 2u);
}

// A schedule that never comes must not come at once (kube-rs panicked on it).
TEST_F(WorkQueueTest, ADelayBeyondTheClockIsNever) {
  queue_.AddAfter(kA, Duration::max());
  queue_.AddRateLimited(kB, Duration::max());
  clock_.Advance(24h * 365);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

// ---- Back-off ----

// TestItemExponentialFailureRateLimiter, …OverFlow.
TEST_F(WorkQueueTest, FailuresDoubleTheDelayUpToTheCap) {
  Duration expected = 50ms;
  for (int i = 0; i < 2000; ++i) {
    queue_.AddRateLimited(kA);
    ASSERT_EQ(queue_.NextDue(), clock_.Now() + expected) << "failure " << i;
    clock_.Advance(expected);
    ASSERT_EQ(Take(), kA);
    expected = std::min<Duration>(expected * 2, 5min);
  }
  EXPECT_EQ(queue_.Failures(kA), 2000);
  queue_.Forget(kA);
  queue_.AddRateLimited(kA);
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 50ms);
}

// kubernetes#112325.
TEST_F(WorkQueueTest, AnEventDuringBackoffRunsNowButDoesNotMakeTheNextFailureCostMore) {
  for (int i = 0; i < 4; ++i) {
    queue_.AddRateLimited(kA);
    clock_.Advance(*queue_.NextDue() - clock_.Now());
    Take();
  }
  queue_.AddRateLimited(kA);  // 800 ms
  const TimePoint due = *queue_.NextDue();
  for (int i = 0; i < 50; ++i) {
    queue_.Add(kA);
    EXPECT_EQ(queue_.TryGet(), kA);
    queue_.AddRateLimited(kA);
    queue_.Done(kA);
  }
  EXPECT_EQ(queue_.Failures(kA), 5);
  EXPECT_EQ(queue_.NextDue(), due);
}

TEST_F(WorkQueueTest, EachKeyHasItsOwnFailures) {
  for (int i = 0; i < 10; ++i) {
    queue_.AddRateLimited(kA);
    clock_.Advance(5min);
    Take();
  }
  queue_.AddRateLimited(kB);
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 50ms);
  queue_.Forget(kC);
  EXPECT_EQ(queue_.Failures(kA), 10);
}

TEST_F(WorkQueueTest, JitterOnlyAdds) {
  WorkQueue queue("test", {.jitter = 0.5}, clock_);
  std::set<TimePoint> seen;
  for (int i = 0; i < 50; ++i) {
    const ObjectKey key{"", std::to_string(i)};
    queue.AddRateLimited(key);
    const TimePoint due = *queue.NextDue();
    EXPECT_GE(due, clock_.Now() + 50ms);
    EXPECT_LT(due, clock_.Now() + 75ms);
    seen.insert(due);
    clock_.Advance(1s);
    queue.TryGet();
  }
  EXPECT_GT(seen.size(), 40u) << "a thousand keys that fail together would retry together";
}

// ---- Priorities ----

TEST_F(WorkQueueTest, WhatAUserChangedGoesBeforeAListOfEverything) {
  for (int i = 0; i < 100; ++i) queue_.Add({"", std::to_string(i)}, Priority::kLow);
  queue_.Add(kA);
  queue_.AddAfter(kB, 1ms);
  clock_.Advance(1ms);
  EXPECT_EQ(Take(), kA);
  EXPECT_EQ(Take(), kB) << "delayed keys are normal";
  EXPECT_EQ(Take(), (ObjectKey{"", "0"}));
}

// PQ: FIFO on priority change: a key that rises goes to the end of its new class.
TEST_F(WorkQueueTest, AnAddRaisesALowKeyToTheEndOfTheNormalOnes) {
  queue_.Add(kC, Priority::kLow);
  queue_.Add(kB, Priority::kLow);
  queue_.Add(kA);
  queue_.Add(kB);
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_EQ(Take(), kA);
  EXPECT_EQ(Take(), kB);
  EXPECT_EQ(Take(), kC);
}

TEST_F(WorkQueueTest, ALowAddDoesNotLowerAKey) {
  queue_.Add(kB);
  queue_.Add(kA, Priority::kLow);
  queue_.Add(kB, Priority::kLow);
  EXPECT_EQ(Take(), kB);
}

TEST_F(WorkQueueTest, ThePriorityOfAddsDuringWorkIsTheHighestOfThem) {
  for (const auto& adds : {std::vector{Priority::kLow, Priority::kNormal},
                           std::vector{Priority::kNormal, Priority::kLow}}) {
    queue_.Add(kA);
    queue_.TryGet();
    for (Priority priority : adds) queue_.Add(kA, priority);
    queue_.Add(kB, Priority::kLow);
    queue_.Done(kA);
    EXPECT_EQ(Take(), kA);
    EXPECT_EQ(Take(), kB);
  }
}

TEST_F(WorkQueueTest, AKeyStartsAnewInEachRound) {
  queue_.Add(kA);
  Take();
  queue_.Add(kA, Priority::kLow);
  queue_.Add(kB);
  EXPECT_EQ(Take(), kB);
}

// controller-runtime#3496: low keys starved under load.
TEST_F(WorkQueueTest, ALowKeyThatWaitedLongTakesTurnsWithBusyNormalOnes) {
  for (int i = 0; i < 10; ++i) queue_.Add({"low", std::to_string(i)}, Priority::kLow);
  int low = 0;
  const auto serve = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      queue_.Add(kA);
      queue_.Add(kB);
      if (Take()->namespace_ == "low") ++low;
    }
  };
  serve(50);
  EXPECT_EQ(low, 0) << "patience is not over";
  clock_.Advance(5s);
  serve(20);
  EXPECT_EQ(low, 10) << "every second one";
}

// ---- Shutdown ----

TEST_F(WorkQueueTest, ShutDownDrainsAndIgnoresLaterAdds) {
  queue_.Add(kA);
  queue_.AddAfter(kB, 1s);
  queue_.ShutDown();
  queue_.Add(kB);
  queue_.AddAfter(kB, 1ms);
  queue_.AddRateLimited(kB);
  EXPECT_EQ(queue_.Get(), kA);
  queue_.Add(kA);
  queue_.Done(kA);
  clock_.Advance(1h);
  EXPECT_EQ(queue_.Get(), std::nullopt);
  EXPECT_EQ(queue_.NextDue(), std::nullopt);
}

}  // namespace
}  // namespace sb::kube
