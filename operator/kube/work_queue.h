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
// Thread-safe. Memory is bound by the number of distinct keys. Delays are monotonic time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/time.h"
#include "operator/kube/resource.h"

namespace sb::kube {

class Metrics;

struct WorkQueueOptions {
  Duration base_delay = std::chrono::milliseconds(50);  // after the first failure; doubles
  Duration max_delay = std::chrono::minutes(5);
  double jitter = 0.2;  // a delay d becomes one of [d, d * (1 + jitter))
  std::uint32_t seed = 1;
  Metrics* metrics = nullptr;  // must outlive the queue
};

class WorkQueue {
 public:
  explicit WorkQueue(std::string name, WorkQueueOptions options = {},
                     const Clock& clock = SystemClock());

  // Ignored after ShutDown.
  void Add(const ObjectKey& key);
  // Adds `key` once `delay` has passed. A key already waiting keeps its earlier time.
  void AddAfter(const ObjectKey& key, Duration delay);
  // Adds `key` after a delay that grows with its failures in a row. An event may bring the key back
  // before the delay is over; failing again then waits for the same time and does not count, or a
  // busy object would wait for minutes.
  void AddRateLimited(const ObjectKey& key);
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

  void ShutDown();

  // Keys that are due and not being worked on.
  std::size_t size() const;
  std::size_t processing() const;
  // When the next delayed key is due; for simulations that own the clock.
  std::optional<TimePoint> NextDue() const;

 private:
  struct Retry {
    int failures = 0;
    TimePoint not_before;
  };

  void LockedAdd(const ObjectKey& key);
  void LockedPush(const ObjectKey& key);
  void LockedAddAt(const ObjectKey& key, TimePoint ready);
  void LockedMoveDue();
  std::optional<ObjectKey> LockedPop();

  const std::string name_;
  const WorkQueueOptions options_;
  const Clock& clock_;

  mutable std::mutex queue_mutex_;
  std::condition_variable_any changed_;
  std::deque<std::pair<ObjectKey, TimePoint>> order_;  // due, in order
  std::unordered_set<ObjectKey> dirty_;  // need work: in order_, or processing and added again
  std::unordered_map<ObjectKey, TimePoint> processing_;  // since when
  std::set<std::pair<TimePoint, ObjectKey>> waiting_;
  std::unordered_map<ObjectKey, TimePoint> waiting_at_;
  std::unordered_map<ObjectKey, Retry> retries_;
  std::minstd_rand random_;
  bool shut_down_ = false;
};

}  // namespace sb::kube
