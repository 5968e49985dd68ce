#include "operator/kube/work_queue.h"

#include <algorithm>
#include <utility>

#include "operator/kube/metrics.h"
#include "operator/kube/queue_metrics.h"

namespace sb::kube {
namespace {

// Later than this is "never", and must not overflow the clock.
constexpr Duration kNever = std::chrono::hours(24 * 365 * 10);

}  // namespace

WorkQueue::WorkQueue(std::string name, WorkQueueOptions options, const Clock& clock)
    : name_(std::move(name)), options_(options), clock_(clock), random_(options.seed) {
  if (!options_.metrics) return;
  metrics_ = std::make_unique<QueueMetrics>(*options_.metrics, name_, [this] { return Gauges(); });
}

WorkQueue::~WorkQueue() = default;

WorkQueue::Item& WorkQueue::LockedItem(const ObjectKey& key) {
  auto [entry, inserted] = items_.try_emplace(key);
  if (inserted) entry->second.key = &entry->first;
  return entry->second;
}

void WorkQueue::LockedTidy(Items::iterator entry) {
  const Item& item = entry->second;
  if (item.dirty || item.working || item.delayed != 0 || item.failures > 0) return;
  items_.erase(entry);
}

void WorkQueue::LockedAdd(Item& item, Priority priority, TimePoint now) {
  if (!item.dirty) {
    item.dirty = true;
    item.priority = priority;
    if (metrics_) metrics_->CountAdd();
    if (!item.working) LockedPush(item, now);  // else Done brings it back
    return;
  }
  if (item.priority <= priority) return;
  if (!item.working) {
    Of(item.priority).Remove(item);
    Of(priority).PushBack(item);
  }
  item.priority = priority;
}

void WorkQueue::LockedPush(Item& item, TimePoint now) {
  item.since = now;
  Of(item.priority).PushBack(item);
  if (waiters_ > 0) changed_.notify_one();
}

void WorkQueue::LockedDelay(Item& item, TimePoint due) {
  if (item.delayed != 0) {
    if (item.due <= due) return;
    delayed_.erase({item.due, item.delayed, &item});
  }
  item.due = due;
  item.delayed = ++delays_;
  const auto place = delayed_.emplace(due, item.delayed, &item).first;
  if (waiters_ == 0 || place != delayed_.begin()) return;
  // Somebody has to wake up earlier: whoever keeps the time, and no notify_one could choose it.
  if (timekeeper_) {
    changed_.notify_all();
  } else {
    changed_.notify_one();
  }
}

void WorkQueue::LockedMoveDue(TimePoint now) {
  while (!delayed_.empty() && std::get<TimePoint>(*delayed_.begin()) <= now) {
    Item& item = *std::get<Item*>(*delayed_.begin());
    delayed_.erase(delayed_.begin());
    item.delayed = 0;
    LockedAdd(item, Priority::kNormal, item.due);
  }
}

WorkQueue::Item* WorkQueue::LockedFirst(TimePoint now) {
  Item* const normal = Of(Priority::kNormal).front();
  Item* const low = Of(Priority::kLow).front();
  if (!normal || !low) return normal ? normal : low;
  const bool turn = std::exchange(low_turn_, !low_turn_);
  return turn && now - low->since >= options_.low_patience ? low : normal;
}

std::optional<ObjectKey> WorkQueue::LockedPop() {
  if (delayed_.empty() && LockedEmpty()) return std::nullopt;
  const TimePoint now = clock_.Now();
  LockedMoveDue(now);
  Item* const item = LockedFirst(now);
  if (!item) return std::nullopt;
  Of(item->priority).Remove(*item);
  if (metrics_) metrics_->ObserveWait(now - item->since);
  item->dirty = false;
  item->working = true;
  item->since = now;
  ++working_;
  return *item->key;
}

void WorkQueue::Add(const ObjectKey& key, Priority priority) {
  std::lock_guard lock(queue_mutex_);
  if (shut_down_) return;
  if (!delayed_.empty()) LockedMoveDue(clock_.Now());  // what was due before comes first
  Item& item = LockedItem(key);
  LockedAdd(item, priority, item.dirty ? item.since : clock_.Now());
}

void WorkQueue::AddAfter(const ObjectKey& key, Duration delay) {
  if (delay <= Duration::zero()) return Add(key);
  std::lock_guard lock(queue_mutex_);
  if (shut_down_) return;
  LockedDelay(LockedItem(key), clock_.Now() + std::min(delay, kNever));
}

void WorkQueue::AddRateLimited(const ObjectKey& key, Duration at_least) {
  std::lock_guard lock(queue_mutex_);
  if (metrics_) metrics_->CountRetry();
  const TimePoint now = clock_.Now();
  Item& item = LockedItem(key);
  if (item.failures == 0 || now >= item.not_before) {
    double delay = static_cast<double>(options_.base_delay.count());
    const auto cap = static_cast<double>(options_.max_delay.count());
    for (int i = 0; i < item.failures && delay < cap; ++i) delay *= 2;  // cannot overflow
    delay = std::min(delay, cap);
    delay *= 1.0 + options_.jitter * static_cast<double>(random_() - 1) / 2147483646.0;
    if (item.failures++ == 0) ++failing_;
    item.not_before = now + Duration(static_cast<Duration::rep>(delay));
  }
  if (!shut_down_) LockedDelay(item, std::max(item.not_before, now + std::min(at_least, kNever)));
}

void WorkQueue::Forget(const ObjectKey& key) {
  std::lock_guard lock(queue_mutex_);
  if (failing_ == 0) return;  // nearly always
  auto entry = items_.find(key);
  if (entry == items_.end() || entry->second.failures == 0) return;
  entry->second.failures = 0;
  --failing_;
  LockedTidy(entry);
}

int WorkQueue::Failures(const ObjectKey& key) const {
  std::lock_guard lock(queue_mutex_);
  auto entry = items_.find(key);
  return entry == items_.end() ? 0 : entry->second.failures;
}

std::optional<ObjectKey> WorkQueue::Get(std::stop_token stop) {
  std::unique_lock lock(queue_mutex_);
  std::optional<ObjectKey> key;
  while (!stop.stop_requested() && !(key = LockedPop()) && !shut_down_) LockedWait(lock, stop);
  LockedPassOn();
  return key;
}

void WorkQueue::LockedWait(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  const auto work = [&] { return !LockedEmpty() || shut_down_; };
  ++waiters_;
  if (timekeeper_ || delayed_.empty()) {
    changed_.wait(lock, stop, [&] { return work() || (!timekeeper_ && !delayed_.empty()); });
  } else {
    timekeeper_ = true;
    const TimePoint due = std::get<TimePoint>(*delayed_.begin());
    changed_.wait_for(lock, stop, due - clock_.Now(), [&] {
      return work() || delayed_.empty() || std::get<TimePoint>(*delayed_.begin()) < due;
    });
    timekeeper_ = false;
  }
  --waiters_;
}

// Whoever leaves may have been the one to keep the time, or the one who was woken for a key that
// somebody else should take: another waiter has to look.
void WorkQueue::LockedPassOn() {
  if (waiters_ == 0 || (LockedEmpty() && (timekeeper_ || delayed_.empty()))) return;
  changed_.notify_one();
}

std::optional<ObjectKey> WorkQueue::TryGet() {
  std::lock_guard lock(queue_mutex_);
  return LockedPop();
}

void WorkQueue::Done(const ObjectKey& key) {
  std::lock_guard lock(queue_mutex_);
  auto entry = items_.find(key);
  if (entry == items_.end() || !entry->second.working) return;
  Item& item = entry->second;
  item.working = false;
  --working_;
  const bool again = item.dirty;
  if (metrics_ || again) {
    const TimePoint now = clock_.Now();
    if (metrics_) metrics_->ObserveWork(now - item.since);
    if (again) LockedPush(item, now);
  }
  if (!again) LockedTidy(entry);
  if (shut_down_ && working_ == 0 && LockedEmpty()) drained_.notify_all();
}

void WorkQueue::LockedShutDown() {
  shut_down_ = true;
  ++shut_downs_;
  for (const auto& [due, order, item] : std::exchange(delayed_, {})) {
    item->delayed = 0;
    LockedTidy(items_.find(*item->key));
  }
  changed_.notify_all();
  drained_.notify_all();
}

void WorkQueue::ShutDown() {
  std::lock_guard lock(queue_mutex_);
  LockedShutDown();
}

bool WorkQueue::ShutDownAndDrain(Duration deadline) {
  std::unique_lock lock(queue_mutex_);
  LockedShutDown();
  const int mine = shut_downs_;
  const auto drained = [&] { return working_ == 0 && LockedEmpty(); };
  drained_.wait_for(lock, deadline, [&] { return drained() || shut_downs_ != mine; });
  return drained();
}

bool WorkQueue::LockedEmpty() const { return due_[0].empty() && due_[1].empty(); }

std::size_t WorkQueue::size() const {
  std::lock_guard lock(queue_mutex_);
  return due_[0].size() + due_[1].size();
}

std::size_t WorkQueue::processing() const {
  std::lock_guard lock(queue_mutex_);
  return working_;
}

std::vector<ObjectKey> WorkQueue::Working() const {
  std::lock_guard lock(queue_mutex_);
  std::vector<ObjectKey> keys;
  for (const auto& [key, item] : items_) {
    if (item.working) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::optional<TimePoint> WorkQueue::NextDue() const {
  std::lock_guard lock(queue_mutex_);
  if (delayed_.empty()) return std::nullopt;
  return std::get<TimePoint>(*delayed_.begin());
}

QueueGauges WorkQueue::Gauges() const {
  std::lock_guard lock(queue_mutex_);
  QueueGauges gauges;
  gauges.depth_normal = due_[0].size();
  gauges.depth_low = due_[1].size();
  if (working_ == 0) return gauges;
  const TimePoint now = clock_.Now();
  for (const auto& [key, item] : items_) {
    if (!item.working) continue;
    gauges.unfinished += now - item.since;
    gauges.longest = std::max(gauges.longest, now - item.since);
  }
  return gauges;
}

}  // namespace sb::kube
