#include "operator/kube/runner.h"

#include <algorithm>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/log.h"

namespace sb::kube {

Runner::Runner(WorkQueue& queue, Reconcile reconcile, RunnerOptions options, const Clock& clock)
    : queue_(queue), reconcile_(std::move(reconcile)), options_(std::move(options)), clock_(clock) {
  if (options_.metrics) {
    metrics_ = std::make_unique<ControllerMetrics>(*options_.metrics, queue_.name(),
                                                   std::max(1, options_.workers));
  }
  if (options_.pass_deadline) timer_ = std::make_unique<StopTimer>();
}

Expected<void> Runner::WaitUntilReady(std::stop_token stop) const {
  if (!options_.ready || options_.ready(options_.ready_deadline, stop)) return {};
  if (stop.stop_requested()) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.ready_deadline);
  return Fail(ErrorCode::kDeadlineExceeded,
              queue_.name() + ": the caches were not filled within " +
                  std::to_string(seconds.count()) +
                  " s; see the errors of lists and watches (reflector_errors_total)");
}

Expected<void> Runner::Run(std::stop_token stop) {
  if (auto ready = WaitUntilReady(stop); !ready) return ready;
  std::vector<std::jthread> workers;
  std::unique_lock lock(workers_mutex_);
  running_ = std::max(1, options_.workers);
  for (int i = 0; i < running_; ++i) workers.emplace_back([this, stop] { Work(stop); });
  const auto ended = [this] { return running_ == 0; };
  workers_changed_.wait(lock, stop, ended);
  if (!workers_changed_.wait_for(lock, options_.drain_patience, ended)) NameTheSlow();
  lock.unlock();
  return {};  // joins
}

void Runner::NameTheSlow() const {
  for (const ObjectKey& key : queue_.Working()) {
    if (options_.on_slow) {
      options_.on_slow(key);
      continue;
    }
    log::Warning("stopping, but a pass has not ended yet",
                 {{"controller", queue_.name()}, {"key", key.ToString()}});
  }
}

void Runner::Work(std::stop_token stop) {
  while (auto key = queue_.Get(stop)) Pass(*key, stop);
  std::lock_guard lock(workers_mutex_);
  if (--running_ == 0) workers_changed_.notify_all();
}

void Runner::Pass(const ObjectKey& key, std::stop_token stop) {
  if (metrics_) metrics_->PassStarts();
  const TimePoint started = metrics_ ? clock_.Now() : TimePoint();
  const Ending ending = Try(key, std::move(stop));
  if (metrics_) metrics_->PassEnds(ending.end, clock_.Now() - started);
  Settle(key, ending);
  queue_.Done(key);
}

Expected<Result> Runner::Call(const ObjectKey& key, std::stop_token stop) const {
  if (!timer_) return reconcile_(key, std::move(stop));
  std::stop_source pass;
  const std::stop_callback forward(stop, [&pass] { pass.request_stop(); });
  const auto armed = timer_->Arm(pass, *options_.pass_deadline);
  return reconcile_(key, pass.get_token());
}

Runner::Ending Runner::Try(const ObjectKey& key, std::stop_token stop) const {
  const auto thrown = [](const std::string& what) {
    return Ending{PassEnd::kException, Error{ErrorCode::kInternal, "exception: " + what}, {}};
  };
  // One object that trips a bug must not end the controller of all others.
  try {
    auto result = Call(key, std::move(stop));
    if (!result) {
      const bool terminal = result.error().terminal;
      return {terminal ? PassEnd::kTerminalError : PassEnd::kError, std::move(result.error()), {}};
    }
    const bool again = result->requeue_after && *result->requeue_after > Duration::zero();
    if (!again) return {PassEnd::kSuccess, {}, {}};
    return {PassEnd::kRequeueAfter, {}, result->requeue_after};
  } catch (const std::exception& exception) {
    return thrown(exception.what());
  } catch (...) {
    return thrown("of an unknown type");
  }
}

void Runner::Settle(const ObjectKey& key, const Ending& ending) {
  if (!ending.error) {
    queue_.Forget(key);
    if (ending.requeue_after) queue_.AddAfter(key, *ending.requeue_after);
    return;
  }
  const Error& error = *ending.error;
  const bool terminal = ending.end == PassEnd::kTerminalError;
  log::Warning(terminal ? "reconcile failed, and trying again would not help"
                        : "reconcile failed, trying again",
               {{"controller", queue_.name()},
                {"namespace", key.namespace_},
                {"name", key.name},
                {"code", ToString(error.code)},
                {"error", error.message}});
  if (terminal) return;  // its failures still count: only success forgets them
  queue_.AddRateLimited(key, std::chrono::milliseconds(error.retry_after_ms));
}

}  // namespace sb::kube
