#include "operator/kube/runner.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <latch>
#include <map>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/metrics/exposition.h"
#include "common/testing/fake_clock.h"
#include "operator/kube/metrics.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const ObjectKey kA{"ns", "a"};
const ObjectKey kB{"ns", "b"};

// ---- What becomes of a key: the table of runner.h, in time that stands still ----

class RunnerPassTest : public testing::Test {
 protected:
  // One pass over kA that ends like this.
  void Pass(Runner::Reconcile reconcile) {
    Runner runner(queue_, std::move(reconcile), {.workers = 3, .metrics = &metrics_}, clock_);
    queue_.Add(kA);
    ASSERT_EQ(queue_.TryGet(), kA);
    runner.Pass(kA);
    EXPECT_EQ(queue_.processing(), 0u);
  }
  std::string Scrape() const { return metrics::Exposition({&registry_, &metrics_}); }
  void ExpectLine(const std::string& line) const {
    EXPECT_NE(Scrape().find("\n" + line + "\n"), std::string::npos) << line << " in\n" << Scrape();
  }
  void Fail() {
    Pass([](const ObjectKey&, std::stop_token) { return kBroken; });
  }

  static inline const Expected<Result> kBroken = sb::Fail(ErrorCode::kUnavailable, "broken");

  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  FakeClock clock_;
  WorkQueue queue_{"test", {.jitter = 0, .metrics = &metrics_}, clock_};
};

TEST_F(RunnerPassTest, SuccessForgetsTheKey) {
  Fail();
  Pass([](const ObjectKey& key, std::stop_token) {
    EXPECT_EQ(key, kA);
    return Result{};
  });
  EXPECT_EQ(queue_.Failures(kA), 0);
  ExpectLine(R"(controller_runtime_reconcile_total{controller="test",result="success"} 1)");
  ExpectLine(R"(controller_runtime_reconcile_total{controller="test",result="requeue"} 0)");
  ExpectLine(R"(controller_runtime_active_workers{controller="test"} 0)");
  ExpectLine(R"(controller_runtime_max_concurrent_reconciles{controller="test"} 3)");
}

TEST_F(RunnerPassTest, RequeueAfterForgetsAndComesBackThen) {
  Pass([](const ObjectKey&, std::stop_token) { return Result{.requeue_after = 30s}; });
  EXPECT_EQ(queue_.Failures(kA), 0);
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 30s);
  ExpectLine(R"(controller_runtime_reconcile_total{controller="test",result="requeue_after"} 1)");
}

TEST_F(RunnerPassTest, RequeueAfterNothingIsSuccess) {
  Pass([](const ObjectKey&, std::stop_token) { return Result{.requeue_after = 0s}; });
  EXPECT_EQ(queue_.size(), 0u) << "a hot loop";
  EXPECT_EQ(queue_.NextDue(), std::nullopt);
}

TEST_F(RunnerPassTest, AnErrorComesBackLaterEachTime) {
  Fail();
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 50ms);
  clock_.Advance(50ms);
  ASSERT_EQ(queue_.TryGet(), kA);
  queue_.Done(kA);
  Fail();
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 100ms);
  ExpectLine(R"(controller_runtime_reconcile_total{controller="test",result="error"} 2)");
  ExpectLine(R"(controller_runtime_reconcile_errors_total{controller="test"} 2)");
  ExpectLine(R"(workqueue_retries_total{controller="test",name="test"} 2)");
}

TEST_F(RunnerPassTest, AServerThatAsksForTimeGetsIt) {
  Pass([](const ObjectKey&, std::stop_token) -> Expected<Result> {
    return tl::unexpected(Error{ErrorCode::kTooManyRequests, "slow down", 7000});
  });
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 7s);
}

TEST_F(RunnerPassTest, ATerminalErrorWaitsForTheNextEvent) {
  Pass([](const ObjectKey&, std::stop_token) -> Expected<Result> {
    Error error{ErrorCode::kInvalidArgument, "spec.x is wrong"};
    error.terminal = true;
    return tl::unexpected(error);
  });
  EXPECT_EQ(queue_.NextDue(), std::nullopt) << "a write every few minutes for nothing";
  EXPECT_EQ(queue_.size(), 0u);
  ExpectLine(R"(controller_runtime_terminal_reconcile_errors_total{controller="test"} 1)");
  ExpectLine(R"(controller_runtime_reconcile_errors_total{controller="test"} 1)");
}

TEST_F(RunnerPassTest, AnExceptionIsAnErrorOfThatKeyOnly) {
  Pass([](const ObjectKey&, std::stop_token) -> Expected<Result> {
    throw std::runtime_error("a bug");
  });
  EXPECT_EQ(queue_.Failures(kA), 1);
  Pass([](const ObjectKey&, std::stop_token) -> Expected<Result> { throw 1; });
  EXPECT_EQ(queue_.NextDue(), clock_.Now() + 50ms);
  ExpectLine(R"(controller_runtime_reconcile_panics_total{controller="test"} 2)");
  ExpectLine(R"(controller_runtime_reconcile_total{controller="test",result="error"} 2)");
  ExpectLine(R"(controller_runtime_active_workers{controller="test"} 0)");
}

TEST_F(RunnerPassTest, TimeOfAPassIsMeasured) {
  Pass([&](const ObjectKey&, std::stop_token) {
    ExpectLine(R"(controller_runtime_active_workers{controller="test"} 1)");
    clock_.Advance(3s);
    ExpectLine(R"(workqueue_unfinished_work_seconds{name="test",controller="test"} 3)");
    ExpectLine(R"(workqueue_longest_running_processor_seconds{name="test",controller="test"} 3)");
    return Result{};
  });
  ExpectLine(R"(controller_runtime_reconcile_time_seconds_sum{controller="test"} 3)");
  ExpectLine(R"(workqueue_work_duration_seconds_sum{controller="test",name="test"} 3)");
  ExpectLine(R"(workqueue_unfinished_work_seconds{name="test",controller="test"} 0)");
}

// ---- Workers ----

// Runs a Runner on a thread of its own until the end of the test.
class RunnerThreadTest : public testing::Test {
 protected:
  void Start(Runner::Reconcile reconcile, RunnerOptions options) {
    runner_ = std::make_unique<Runner>(queue_, std::move(reconcile), std::move(options));
    thread_ = std::jthread([this](std::stop_token stop) { ran_ = runner_->Run(stop); });
  }
  void Stop() {
    thread_.request_stop();
    thread_.join();
  }

  WorkQueue queue_{"test", {.base_delay = 1ms, .max_delay = 5ms}};
  std::unique_ptr<Runner> runner_;
  Expected<void> ran_;
  std::jthread thread_;
};

// kube-rs: runner_should_never_run_two_instances_at_once.
TEST_F(RunnerThreadTest, NeverTwoPassesOverOneKeyAtOnce) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::counting_semaphore<> passes(0);
  Start(
      [&](const ObjectKey&, std::stop_token) {
        most = std::max(most.load(), ++inside);
        std::this_thread::yield();
        --inside;
        passes.release();
        return Result{};
      },
      {.workers = 4});
  for (int i = 0; i < 200; ++i) {
    queue_.Add(kA);
    if (i % 4 == 0) {
      ASSERT_TRUE(passes.try_acquire_for(10s));
    }
  }
  Stop();
  EXPECT_EQ(most, 1) << "two passes over one object write against each other";
}

// kube-rs: runner_should_respect_max_concurrency.
TEST_F(RunnerThreadTest, AtMostSoManyPassesAtOnceAndThatManyIfThereIsWork) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::latch three(1);
  std::atomic_flag opened;
  std::latch all(10);
  Start(
      [&](const ObjectKey&, std::stop_token) {
        const int now = ++inside;
        int before = most;
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        if (now == 3 && !opened.test_and_set()) three.count_down();
        three.wait();  // hangs if there are fewer than three workers
        --inside;
        all.count_down();
        return Result{};
      },
      {.workers = 3});
  for (int i = 0; i < 10; ++i) queue_.Add({"", std::to_string(i)});
  all.wait();
  Stop();
  EXPECT_EQ(most, 3);
}

// kube-rs: runner_should_respect_readiness_gate; controller-runtime: should not call Reconcile
// until all event handlers have processed initial objects.
TEST_F(RunnerThreadTest, NothingIsReconciledBeforeTheCachesAreFull) {
  std::binary_semaphore asked(0);
  std::binary_semaphore filled(0);
  std::atomic<bool> ready = false;
  std::binary_semaphore reconciled(0);
  queue_.Add(kA);
  Start(
      [&](const ObjectKey&, std::stop_token) {
        EXPECT_TRUE(ready) << "would make again what exists";
        reconciled.release();
        return Result{};
      },
      {.ready = [&](Duration deadline, std::stop_token) {
        EXPECT_EQ(deadline, Duration(2min));
        asked.release();
        filled.acquire();
        ready = true;
        return true;
      }});
  asked.acquire();
  EXPECT_EQ(queue_.size(), 1u);
  filled.release();
  EXPECT_TRUE(reconciled.try_acquire_for(10s));
  Stop();
  EXPECT_TRUE(ran_.has_value());
}

TEST(Runner, SaysWhenTheCachesNeverFill) {
  WorkQueue queue("test");
  queue.Add(kA);
  Runner runner(queue,
                [](const ObjectKey&, std::stop_token) -> Expected<Result> {
                  ADD_FAILURE();
                  return Result{};
                },
                {.ready = [](Duration, std::stop_token) { return false; }});
  const auto ran = runner.Run({});
  ASSERT_FALSE(ran.has_value());
  EXPECT_EQ(ran.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_NE(ran.error().message.find("test: the caches were not filled within 120 s"),
            std::string::npos)
      << ran.error().message;
}

TEST_F(RunnerThreadTest, StoppingWhileItWaitsForCachesIsNoError) {
  std::binary_semaphore asked(0);
  Start([](const ObjectKey&, std::stop_token) { return Result{}; },
        {.ready = [&](Duration, std::stop_token stop) {
          asked.release();
          std::binary_semaphore stopped(0);
          std::stop_callback callback(stop, [&] { stopped.release(); });
          stopped.acquire();
          return false;
        }});
  asked.acquire();
  Stop();
  EXPECT_TRUE(ran_.has_value());
}

TEST_F(RunnerThreadTest, StopLetsThePassEndAndTakesNoOther) {
  std::binary_semaphore inside(0);
  std::atomic<bool> ended = false;
  std::atomic<int> passes = 0;
  Start(
      [&](const ObjectKey&, std::stop_token stop) {
        ++passes;
        inside.release();
        while (!stop.stop_requested()) std::this_thread::yield();
        ended = true;
        return Result{};
      },
      {});
  queue_.Add(kA);
  queue_.Add(kB);
  inside.acquire();
  Stop();
  EXPECT_TRUE(ended) << "half a pass would be left behind, and the Lease released under it";
  EXPECT_EQ(passes, 1);
  EXPECT_EQ(queue_.size(), 1u);
}

TEST_F(RunnerThreadTest, StopNamesWhatItWaitsForAndStillWaits) {
  std::binary_semaphore inside(0);
  std::binary_semaphore named(0);
  Start(
      [&](const ObjectKey&, std::stop_token) {
        inside.release();
        named.acquire();
        return Result{};
      },
      {.drain_patience = 1ms, .on_slow = [&](const ObjectKey& key) {
         EXPECT_EQ(key, kA);
         named.release();
       }});
  queue_.Add(kA);
  inside.acquire();
  Stop();
  EXPECT_EQ(queue_.processing(), 0u);
}

TEST_F(RunnerThreadTest, ShutDownOfTheQueueEndsItToo) {
  std::atomic<int> passes = 0;
  for (int i = 0; i < 5; ++i) queue_.Add({"", std::to_string(i)});
  Start(
      [&](const ObjectKey&, std::stop_token) {
        ++passes;
        return Result{};
      },
      {.workers = 2});
  EXPECT_TRUE(queue_.ShutDownAndDrain(10s));
  thread_.join();
  EXPECT_EQ(passes, 5);
}

TEST_F(RunnerThreadTest, APassThatTakesTooLongIsAskedToEnd) {
  std::atomic<int> passes = 0;
  std::binary_semaphore again(0);
  Start(
      [&](const ObjectKey&, std::stop_token stop) -> Expected<Result> {
        if (++passes > 1) {
          again.release();
          return Result{};
        }
        while (!stop.stop_requested()) std::this_thread::yield();
        return sb::Fail(ErrorCode::kCancelled, "took too long");
      },
      {.pass_deadline = 10ms});
  queue_.Add(kA);
  EXPECT_TRUE(again.try_acquire_for(10s)) << "and it is tried again";
  Stop();
}

TEST_F(RunnerThreadTest, StopReachesAPassWithADeadline) {
  std::binary_semaphore inside(0);
  Start(
      [&](const ObjectKey&, std::stop_token stop) {
        inside.release();
        while (!stop.stop_requested()) std::this_thread::yield();
        return Result{};
      },
      {.pass_deadline = 1h});
  queue_.Add(kA);
  inside.acquire();
  Stop();
}

TEST_F(RunnerThreadTest, AFailingKeyIsTriedUntilItWorks) {
  std::atomic<int> passes = 0;
  std::binary_semaphore worked(0);
  Start(
      [&](const ObjectKey&, std::stop_token) -> Expected<Result> {
        const int pass = ++passes;
        if (pass == 1) return sb::Fail(ErrorCode::kUnavailable, "broken");
        if (pass == 2) throw std::runtime_error("a bug");
        worked.release();
        return Result{};
      },
      {});
  queue_.Add(kA);
  EXPECT_TRUE(worked.try_acquire_for(10s));
  Stop();
}

}  // namespace
}  // namespace sb::kube
