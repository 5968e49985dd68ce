// Workers that take keys from a queue and reconcile them, and what becomes of a key afterwards:
//
//   Runner runner(queue, [&](const ObjectKey& key, std::stop_token stop) -> Expected<Result> {
//     …
//     return Result{.requeue_after = 30s};
//   }, {.workers = 2, .ready = [&](Duration d, std::stop_token s) { return view.WaitForSync(d, s);
//   }}); auto ran = runner.Run(stop);     // until `stop`; an error: it never became ready
//
//   | The function ends with              | The key                                               |
//   |-------------------------------------|-------------------------------------------------------|
//   | Result{}                            | is forgotten; its next event brings it back           |
//   | Result{requeue_after}               | is forgotten and comes back after that time           |
//   | an Error                            | comes back after its back-off                         |
//   | an Error with retry_after_ms        | the same, but not before the server said              |
//   | an Error that is `terminal`         | waits for its next event                              |
//   | an exception                        | as an Error; counted apart. The process goes on       |
//
// A key is never with two workers at once. Nothing is reconciled before `ready` says so: a
// controller that does not see everything yet makes again what exists.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "common/error.h"
#include "common/time.h"
#include "operator/kube/controller_metrics.h"
#include "operator/kube/resource.h"
#include "operator/kube/stop_timer.h"
#include "operator/kube/work_queue.h"

namespace sb::kube {

class Metrics;

struct Result {
  std::optional<Duration> requeue_after = {};
};

struct RunnerOptions {
  int workers = 1;
  // Of one pass: after it the pass' token fires. It can only ask: a pass that does not look goes
  // on.
  std::optional<Duration> pass_deadline = {};
  // Waits until the caches hold all there is; false after the time it is given or on stop. Unset:
  // ready at once.
  std::function<bool(Duration, std::stop_token)> ready = {};
  Duration ready_deadline = std::chrono::minutes(2);
  // At stop: keys whose pass takes longer than this to end are told to `on_slow` (and waited for).
  Duration drain_patience = std::chrono::seconds(30);
  std::function<void(const ObjectKey&)> on_slow = {};  // unset: the log
  Metrics* metrics = nullptr;                          // must outlive the runner
};

class Runner {
 public:
  // The token fires at the pass' deadline and when the runner is asked to stop. Called on several
  // threads, never twice at a time for one key.
  using Reconcile = std::function<Expected<Result>(const ObjectKey&, std::stop_token)>;

  // The queue must outlive this; its name is the controller's in metrics and logs.
  Runner(WorkQueue& queue, Reconcile reconcile, RunnerOptions options = {},
         const Clock& clock = SystemClock());

  // Waits until ready, then works until `stop` or the queue's shutdown, and returns when the last
  // pass has ended. kDeadlineExceeded if it does not become ready in time.
  Expected<void> Run(std::stop_token stop);

  // One pass over a key that the queue gave, and its Done: for simulations that own the time.
  void Pass(const ObjectKey& key, std::stop_token stop = {});

 private:
  struct Ending {
    PassEnd end;
    std::optional<Error> error;
    std::optional<Duration> requeue_after;
  };

  Expected<void> WaitUntilReady(std::stop_token stop) const;
  void Work(std::stop_token stop);
  Ending Try(const ObjectKey& key, std::stop_token stop) const;
  Expected<Result> Call(const ObjectKey& key, std::stop_token stop) const;
  void Settle(const ObjectKey& key, const Ending& ending);
  void NameTheSlow() const;  // those whose pass has not ended

  WorkQueue& queue_;
  const Reconcile reconcile_;
  const RunnerOptions options_;
  const Clock& clock_;
  std::unique_ptr<ControllerMetrics> metrics_;
  std::unique_ptr<StopTimer> timer_;
  std::mutex workers_mutex_;
  std::condition_variable_any workers_changed_;
  int running_ = 0;
};

}  // namespace sb::kube
