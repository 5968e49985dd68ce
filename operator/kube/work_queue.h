// A queue of keys to reconcile: each key is handed to one worker at a time, and an Add that arrives
// while its key is being worked on brings the key back once, afterwards.
//
//   WorkQueue queue("scalablebackend");
//   queue.Add({"default", "todo"});
//   while (auto key = queue.Get(stop)) {
//     if (Reconcile(*key)) queue.Forget(*key); else queue.AddRateLimited(*key);
//     queue.Done(*key);
//   }
//
// Two classes of keys, first in, first out in each: what came with a list of everything is kLow, so
// that what a user changes just then need not wait behind ten thousand objects that did not change.
// A low key that has waited for `low_patience` takes turns with the normal ones: it never starves,
// and they wait at most twice as long. A key that is added again keeps the higher of its
// classes, and goes to the end of the one it rises to.
//
// Thread-safe. Memory is bound by the number of distinct keys. Delays are monotonic time.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "common/time.h"
#include "operator/kube/fifo.h"
#include "operator/kube/resource.h"

namespace sb::kube {

class Metrics;
class QueueMetrics;
struct QueueGauges;

enum class Priority : std::uint8_t { kNormal, kLow };

struct WorkQueueOptions {
  Duration base_delay = std::chrono::milliseconds(50);  // after the first failure; doubles
  Duration max_delay = std::chrono::minutes(5);
  double jitter = 0.2;  // a delay d becomes one of [d, d * (1 + jitter))
  Duration low_patience = std::chrono::seconds(5);
  std::uint32_t seed = 1;
  Metrics* metrics = nullptr;  // must outlive the queue
};

class WorkQueue {
 public:
  explicit WorkQueue(std::string name, WorkQueueOptions options = {},
                     const Clock& clock = SystemClock());
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Ignored after ShutDown.
  void Add(const ObjectKey& key, Priority priority = Priority::kNormal);
  // Adds `key` once `delay` has passed. A key already waiting keeps its earlier time.
  void AddAfter(const ObjectKey& key, Duration delay);
  // Adds `key` after a delay that grows with its failures in a row. An event may bring the key back
  // before the delay is over; failing again then waits for the same time and does not count, or a
  // busy object would wait for minutes. Not before `at_least` has passed, as a server may ask for.
  void AddRateLimited(const ObjectKey& key, Duration at_least = {});
  // The key succeeded: its next failure is the first.
  void Forget(const ObjectKey& key);
  // Failures in a row.
  int Failures(const ObjectKey& key) const;

  // The next key, waiting for one; nothing after ShutDown (once drained) or `stop`. Call Done with
  // it.
  std::optional<ObjectKey> Get(std::stop_token stop = {});
  // The next key if one is due now.
  std::optional<ObjectKey> TryGet();
  void Done(const ObjectKey& key);

  // Forgets delayed keys and takes no more; keys that are due are still handed out.
  void ShutDown();
  // ShutDown, then waits until every key that is due or being worked on is done. False after
  // `deadline`, or when another ShutDown calls the waiting off.
  bool ShutDownAndDrain(Duration deadline);

  // Keys that are due and not being worked on.
  std::size_t size() const;
  std::size_t processing() const;
  // The keys that are being worked on, sorted; for logs.
  std::vector<ObjectKey> Working() const;
  // When the next delayed key is due; for simulations that own the clock.
  std::optional<TimePoint> NextDue() const;

  const std::string& name() const { return name_; }

 private:
  // All there is about one key. In a list if it is dirty and not being worked on.
  struct Item {
    Item* before = nullptr;
    Item* after = nullptr;
    const ObjectKey* key = nullptr;
    TimePoint since;            // waiting for a worker, or being worked on, since then
    TimePoint due;              // if delayed
    TimePoint not_before;       // of the next try, if it failed
    std::uint64_t delayed = 0;  // 0: not; otherwise the order of equal due times
    int failures = 0;           // in a row
    Priority priority = Priority::kNormal;
    bool dirty = false;  // needs work
    bool working = false;
  };
  using Items = std::unordered_map<ObjectKey, Item>;

  Item& LockedItem(const ObjectKey& key);
  // Drops an item that says nothing.
  void LockedTidy(Items::iterator item);
  void LockedAdd(Item& item, Priority priority, TimePoint now);
  void LockedPush(Item& item, TimePoint now);
  void LockedDelay(Item& item, TimePoint due);
  void LockedMoveDue(TimePoint now);
  Item* LockedFirst(TimePoint now);
  std::optional<ObjectKey> LockedPop();
  void LockedWait(std::unique_lock<std::mutex>& lock, std::stop_token stop);
  void LockedPassOn();
  void LockedShutDown();
  bool LockedEmpty() const;
  Fifo<Item>& Of(Priority priority) { return due_[static_cast<std::size_t>(priority)]; }
  QueueGauges Gauges() const;

  const std::string name_;
  const WorkQueueOptions options_;
  const Clock& clock_;

  mutable std::mutex queue_mutex_;
  std::condition_variable_any changed_;
  std::condition_variable drained_;
  Items items_;
  std::array<Fifo<Item>, 2> due_;  // by priority
  std::set<std::tuple<TimePoint, std::uint64_t, Item*>> delayed_;
  std::uint64_t delays_ = 0;  // made so far
  std::size_t working_ = 0;
  std::size_t failing_ = 0;  // items with failures
  int waiters_ = 0;          // threads inside Get's wait
  bool timekeeper_ = false;  // one of them wakes up for the first delayed key
  bool low_turn_ = false;    // a low key that is out of patience goes next
  bool shut_down_ = false;
  int shut_downs_ = 0;
  std::minstd_rand random_;
  std::unique_ptr<QueueMetrics> metrics_;
};

}  // namespace sb::kube
