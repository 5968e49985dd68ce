#include "operator/kube/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "operator/kube/testing/fake_clock.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const ObjectKey kA{"ns", "a"};
const ObjectKey kB{"ns", "b"};

class WorkQueueTest : public testing::Test {
 protected:
  FakeClock clock_;
  WorkQueue queue_{"test", {.jitter = 0}, clock_};
};

TEST_F(WorkQueueTest, CollapsesAddsInOrder) {
  queue_.Add(kA);
  queue_.Add(kB);
  queue_.Add(kA);
  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(queue_.TryGet(), kA);
  EXPECT_EQ(queue_.TryGet(), kB);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, AKeyAddedWhileProcessedComesBackOnceAfterDone) {
  queue_.Add(kA);
  queue_.TryGet();
  queue_.Add(kA);
  queue_.Add(kA);
  EXPECT_EQ(queue_.TryGet(), std::nullopt) << "two workers must never have one key";
  queue_.Done(kA);
  EXPECT_EQ(queue_.TryGet(), kA);
  queue_.Done(kA);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, DelayedKeysKeepTheirEarliestTime) {
  queue_.AddAfter(kA, 10s);
  queue_.AddAfter(kA, 5s);
  queue_.AddAfter(kA, 20s);
  EXPECT_EQ(queue_.size(), 0u);
  clock_.Advance(4s);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 1s);
  clock_.Advance(1s);
  EXPECT_EQ(queue_.TryGet(), kA);
  queue_.Done(kA);
  clock_.Advance(1h);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, TwoDueEarlyFireInOrderOfTheirTimes) {
  queue_.AddAfter(kA, 3s);
  queue_.AddAfter(kB, 1s);
  clock_.Advance(5s);
  EXPECT_EQ(queue_.TryGet(), kB);
  EXPECT_EQ(queue_.TryGet(), kA);
}

TEST_F(WorkQueueTest, FailuresDoubleTheDelayUpToTheCap) {
  Duration expected = 50ms;
  for (int i = 0; i < 100; ++i) {
    queue_.AddRateLimited(kA);
    ASSERT_EQ(queue_.NextDue(), clock_.Now() + expected) << "failure " << i;
    clock_.Advance(expected);
    ASSERT_EQ(queue_.TryGet(), kA);
    queue_.Done(kA);
    expected = std::min<Duration>(expected * 2, 5min);
  }
  EXPECT_EQ(queue_.Failures(kA), 100);
  queue_.Forget(kA);
  queue_.AddRateLimited(kA);
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 50ms);
}

TEST_F(WorkQueueTest, AnEventDuringBackoffRunsNowButDoesNotMakeTheNextFailureCostMore) {
  for (int i = 0; i < 4; ++i) {
    queue_.AddRateLimited(kA);
    clock_.Advance(*queue_.NextDue() - clock_.Now());
    queue_.TryGet();
    queue_.Done(kA);
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

TEST_F(WorkQueueTest, ShutDownDrainsAndIgnoresLaterAdds) {
  queue_.Add(kA);
  queue_.AddAfter(kB, 1s);
  queue_.ShutDown();
  queue_.Add(kB);
  EXPECT_EQ(queue_.Get(), kA);
  EXPECT_EQ(queue_.Get(), std::nullopt);
}

TEST(WorkQueueThreads, ShutDownAndStopWakeWaiters) {
  WorkQueue queue("test");
  std::jthread waits_for_shutdown([&] { EXPECT_EQ(queue.Get(), std::nullopt); });
  std::jthread waits_for_stop(
      [&](std::stop_token stop) { EXPECT_EQ(queue.Get(stop), std::nullopt); });
  waits_for_stop.request_stop();
  waits_for_stop.join();
  queue.ShutDown();
}

TEST(WorkQueueThreads, ADelayedKeyWakesAWaiter) {
  WorkQueue queue("test");
  std::jthread waiter([&] { EXPECT_EQ(queue.Get(), kA); });
  queue.AddAfter(kB, 1h);
  queue.AddAfter(kA, 20ms);
}

TEST(WorkQueueThreads, NoKeyIsLostOrHandledTwiceAtATime) {
  WorkQueue queue("test", {.base_delay = 1us, .max_delay = 1ms});
  constexpr int kKeys = 20;
  std::atomic<int> inside[kKeys] = {};
  std::atomic<int> wanted[kKeys] = {};
  std::atomic<int> seen[kKeys] = {};
  const auto work = [&](std::stop_token stop) {
    int round = 0;
    while (auto key = queue.Get(stop)) {
      const int i = std::stoi(key->name);
      EXPECT_EQ(inside[i].fetch_add(1), 0);
      seen[i] = wanted[i].load();  // level-triggered: read the newest state
      if (++round % 7 == 0) queue.AddRateLimited(*key);
      inside[i].fetch_sub(1);
      queue.Done(*key);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) workers.emplace_back(work);
    std::vector<std::jthread> writers;
    for (int w = 0; w < 2; ++w) {
      writers.emplace_back([&] {
        for (int n = 0; n < 5000; ++n) {
          const int i = n % kKeys;
          wanted[i].fetch_add(1);
          queue.Add({"", std::to_string(i)});
        }
      });
    }
    for (auto& writer : writers) writer.join();
    queue.ShutDown();
    workers.clear();
  }
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(seen[i], wanted[i]) << "key " << i;
}

}  // namespace
}  // namespace sb::kube
