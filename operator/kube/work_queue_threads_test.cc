// What only several threads can show of a WorkQueue. The names in comments are client-go's.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "operator/kube/work_queue.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const ObjectKey kA{"ns", "a"};
const ObjectKey kB{"ns", "b"};

// PQ: shutdown unblocks Get.
TEST(WorkQueueThreads, ShutDownAndStopWakeWaiters) {
  WorkQueue queue("test");
  std::jthread waits_for_shutdown([&] { EXPECT_EQ(queue.Get(), std::nullopt); });
  std::jthread waits_for_stop(
      [&](std::stop_token stop) { EXPECT_EQ(queue.Get(stop), std::nullopt); });
  waits_for_stop.request_stop();
  waits_for_stop.join();
  queue.ShutDown();
}

TEST(WorkQueueThreads, ShutDownWakesWhoWaitsForADelayedKey) {
  WorkQueue queue("test");
  queue.AddAfter(kA, 1h);
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] { EXPECT_EQ(queue.Get(), std::nullopt); });
  }
  queue.ShutDown();
}

TEST(WorkQueueThreads, ADelayedKeyWakesAWaiter) {
  WorkQueue queue("test");
  std::jthread waiter([&] { EXPECT_EQ(queue.Get(), kA); });
  queue.AddAfter(kB, 1h);
  queue.AddAfter(kA, 20ms);
}

// The worker that would have woken up for a delayed key is busy when its time comes: another idle
// one has to.
TEST(WorkQueueThreads, ADelayedKeyFindsAnIdleWorkerWhileAnotherIsStuck) {
  // What happens between a worker's Get and its wait cannot be seen from outside; the test is right
  // whether they wait or not, and finds more if they do.
  const auto let_them_wait = [] {
    for (int i = 0; i < 100; ++i) std::this_thread::yield();
  };
  for (int round = 0; round < 5; ++round) {
    WorkQueue queue("test");
    std::latch warm(1);
    std::latch stuck(1);
    std::binary_semaphore delayed_done(0);
    const auto work = [&] {
      while (auto key = queue.Get()) {
        if (key->name == "warm") warm.wait();
        if (*key == kA) stuck.wait();
        if (*key == kB) delayed_done.release();
        queue.Done(*key);
      }
    };
    queue.Add({"", "warm"});
    std::jthread one(work);
    std::jthread other(work);
    let_them_wait();
    queue.AddAfter(kB, 10ms);  // one of them waits for it…
    let_them_wait();
    warm.count_down();  // …before the other waits for anything
    let_them_wait();
    queue.Add(kA);
    EXPECT_TRUE(delayed_done.try_acquire_for(10s)) << "a schedule waits for a stuck reconcile";
    stuck.count_down();
    queue.ShutDown();
  }
}

// A worker that is told to stop may have been woken for a key: somebody else must get it.
TEST(WorkQueueThreads, AKeyIsNotLostWithTheWorkerThatWasWokenForIt) {
  for (int round = 0; round < 100; ++round) {
    WorkQueue queue("test");
    std::atomic<int> got = 0;
    std::latch all_started(3);
    const auto work = [&](std::stop_token stop) {
      all_started.arrive_and_wait();
      if (queue.Get(stop)) ++got;
    };
    std::jthread leaves(work);
    std::jthread stays(work);
    all_started.arrive_and_wait();
    for (int i = 0; i < round % 20; ++i) std::this_thread::yield();
    queue.Add(kA);
    leaves.request_stop();
    leaves.join();
    if (got == 0) stays.join();  // hangs if the key was lost
    queue.ShutDown();
    if (stays.joinable()) stays.join();
    EXPECT_EQ(got, 1);
  }
}

// ---- Draining ----

// TestQueueDrainageUsingShutDownWithDrain.
TEST(WorkQueueDrain, WaitsUntilWhatIsInWorkIsDone) {
  WorkQueue queue("test");
  queue.Add(kA);
  queue.Add(kB);
  queue.Get();
  queue.Get();
  std::atomic<bool> drained = false;
  std::jthread drain([&] {
    EXPECT_TRUE(queue.ShutDownAndDrain(10s));
    drained = true;
  });
  while (queue.Get(std::stop_token())) {
  }  // returns once the queue is shut down
  queue.Done(kA);
  EXPECT_FALSE(drained);
  queue.Done(kB);
}

// TestQueueDrainageUsingShutDownWithDrainWithDirtyItem.
TEST(WorkQueueDrain, WaitsForAKeyThatWasAddedAgainMeanwhile) {
  WorkQueue queue("test");
  queue.Add(kA);
  queue.Get();
  queue.Add(kA);
  std::jthread drain([&] { EXPECT_TRUE(queue.ShutDownAndDrain(10s)); });
  EXPECT_EQ(queue.Get(), std::nullopt) << "drain has begun, and the key is still with its worker";
  queue.Done(kA);
  EXPECT_EQ(queue.Get(), kA);
  queue.Done(kA);
}

// TestNoQueueDrainageUsingShutDown.
TEST(WorkQueueDrain, PlainShutDownDoesNotWait) {
  WorkQueue queue("test");
  queue.Add(kA);
  queue.Get();
  queue.ShutDown();
  EXPECT_EQ(queue.processing(), 1u);
}

// TestForceQueueShutdownUsingShutDown.
TEST(WorkQueueDrain, PlainShutDownCallsTheWaitingOff) {
  WorkQueue queue("test");
  queue.Add(kA);
  queue.Get();
  std::jthread drain([&] { EXPECT_FALSE(queue.ShutDownAndDrain(1h)); });
  EXPECT_EQ(queue.Get(), std::nullopt) << "drain has begun";
  queue.ShutDown();
}

TEST(WorkQueueDrain, HasADeadline) {
  WorkQueue queue("test");
  queue.Add(kA);
  EXPECT_FALSE(queue.ShutDownAndDrain(1ms));
  EXPECT_EQ(queue.Get(), kA);
  queue.Done(kA);
  EXPECT_TRUE(queue.ShutDownAndDrain(1h));
}

// ---- All of it ----

TEST(WorkQueueThreads, NoKeyIsLostOrHandledTwiceAtATime) {
  WorkQueue queue("test", {.base_delay = 1us, .max_delay = 1ms, .low_patience = 100us});
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
      if (++round % 7 == 0) {
        queue.AddRateLimited(*key);
      } else {
        queue.Forget(*key);
      }
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
          queue.Add({"", std::to_string(i)}, n % 3 ? Priority::kNormal : Priority::kLow);
          if (n % 11 == 0) queue.AddAfter({"", std::to_string(i)}, 50us);
        }
      });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_TRUE(queue.ShutDownAndDrain(60s));
    workers.clear();
  }
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(seen[i], wanted[i]) << "key " << i;
}

}  // namespace
}  // namespace sb::kube
