#include "operator/kube/work_queue.h"

#include <algorithm>
#include <utility>

#include "operator/kube/metrics.h"

namespace sb::kube {

WorkQueue::WorkQueue(std::string name, WorkQueueOptions options, const Clock& clock)
    : name_(std::move(name)), options_(options), clock_(clock), random_(options.seed) {
  if (options_.metrics) options_.metrics->SetQueueDepth(name_, 0);
}

void WorkQueue::LockedAdd(const ObjectKey& key) {
  if (shut_down_ || !dirty_.insert(key).second) return;
  if (options_.metrics) options_.metrics->CountQueueAdd(name_);
  if (processing_.contains(key)) return;  // Done brings it back
  LockedPush(key);
}

void WorkQueue::LockedPush(const ObjectKey& key) {
  order_.push_back({key, clock_.Now()});
  if (options_.metrics) options_.metrics->SetQueueDepth(name_, order_.size());
  changed_.notify_one();
}

void WorkQueue::LockedAddAt(const ObjectKey& key, TimePoint ready) {
  if (shut_down_) return;
  auto [waiting, inserted] = waiting_at_.try_emplace(key, ready);
  if (!inserted) {
    if (waiting->second <= ready) return;
    waiting_.erase({waiting->second, key});
    waiting->second = ready;
  }
  waiting_.emplace(ready, key);
  changed_.notify_one();  // whoever waits may have to wake up earlier
}

void WorkQueue::LockedMoveDue() {
  const TimePoint now = clock_.Now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const ObjectKey key = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    waiting_at_.erase(key);
    LockedAdd(key);
  }
}

std::optional<ObjectKey> WorkQueue::LockedPop() {
  if (order_.empty()) return std::nullopt;
  auto [key, since] = std::move(order_.front());
  order_.pop_front();
  dirty_.erase(key);
  const TimePoint now = clock_.Now();
  processing_.emplace(key, now);
  if (options_.metrics) {
    options_.metrics->SetQueueDepth(name_, order_.size());
    options_.metrics->ObserveQueueWait(name_, now - since);
  }
  return std::move(key);
}

void WorkQueue::Add(const ObjectKey& key) {
  std::lock_guard lock(queue_mutex_);
  LockedAdd(key);
}

void WorkQueue::AddAfter(const ObjectKey& key, Duration delay) {
  std::lock_guard lock(queue_mutex_);
  if (delay <= Duration::zero()) return LockedAdd(key);
  LockedAddAt(key, clock_.Now() + delay);
}

void WorkQueue::AddRateLimited(const ObjectKey& key) {
  std::lock_guard lock(queue_mutex_);
  if (options_.metrics) options_.metrics->CountQueueRetry(name_);
  const TimePoint now = clock_.Now();
  Retry& retry = retries_[key];
  if (now >= retry.not_before) {
    double delay = static_cast<double>(options_.base_delay.count());
    const auto cap = static_cast<double>(options_.max_delay.count());
    for (int i = 0; i < retry.failures && delay < cap; ++i) delay *= 2;  // cannot overflow
    delay = std::min(delay, cap);
    delay *= 1.0 + options_.jitter * static_cast<double>(random_() - 1) / 2147483646.0;
    ++retry.failures;
    retry.not_before = now + Duration(static_cast<Duration::rep>(delay));
  }
  LockedAddAt(key, retry.not_before);
}

void WorkQueue::Forget(const ObjectKey& key) {
  std::lock_guard lock(queue_mutex_);
  retries_.erase(key);
}

int WorkQueue::Failures(const ObjectKey& key) const {
  std::lock_guard lock(queue_mutex_);
  auto found = retries_.find(key);
  return found == retries_.end() ? 0 : found->second.failures;
}

std::optional<ObjectKey> WorkQueue::Get(std::stop_token stop) {
  std::unique_lock lock(queue_mutex_);
  while (!stop.stop_requested()) {
    LockedMoveDue();
    if (auto key = LockedPop()) return key;
    if (shut_down_) return std::nullopt;
    const auto something = [&] { return !order_.empty() || shut_down_; };
    if (waiting_.empty()) {
      // Until an Add, or an AddAfter that makes waiting_ non-empty.
      changed_.wait(lock, stop, [&] { return something() || !waiting_.empty(); });
    } else {
      const TimePoint due = waiting_.begin()->first;
      changed_.wait_for(lock, stop, due - clock_.Now(), [&] {
        return something() || waiting_.empty() || waiting_.begin()->first < due;
      });
    }
  }
  return std::nullopt;
}

std::optional<ObjectKey> WorkQueue::TryGet() {
  std::lock_guard lock(queue_mutex_);
  LockedMoveDue();
  return LockedPop();
}

void WorkQueue::Done(const ObjectKey& key) {
  std::lock_guard lock(queue_mutex_);
  auto working = processing_.find(key);
  if (working == processing_.end()) return;
  if (options_.metrics) options_.metrics->ObserveQueueWork(name_, clock_.Now() - working->second);
  processing_.erase(working);
  if (dirty_.contains(key)) LockedPush(key);
}

void WorkQueue::ShutDown() {
  std::lock_guard lock(queue_mutex_);
  shut_down_ = true;
  waiting_.clear();
  waiting_at_.clear();
  changed_.notify_all();
}

std::size_t WorkQueue::size() const {
  std::lock_guard lock(queue_mutex_);
  return order_.size();
}

std::size_t WorkQueue::processing() const {
  std::lock_guard lock(queue_mutex_);
  return processing_.size();
}

std::optional<TimePoint> WorkQueue::NextDue() const {
  std::lock_guard lock(queue_mutex_);
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

}  // namespace sb::kube
