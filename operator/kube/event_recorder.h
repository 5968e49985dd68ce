// Events that people see in `kubectl describe`: events.k8s.io/v1, with repeats folded into a series
// and a limit per object, so that a crash loop cannot flood etcd.
//
//   recorder.Emit({.regarding = RefTo(backend), .type = "Warning", .reason = "MigrationFailed",
//                  .action = "Migrate", .note = "Job todo-migrate-1a2b failed: …; fix the image and
//                  apply again"});
//
// Emit never blocks: a bounded queue feeds one thread, and what does not fit is dropped and
// counted. An event that the server cannot take now is tried again, so that an outage is told
// about once it is over. An equal event (all but the note) within 6 minutes becomes a series:
// written at its 2nd occurrence, then at most every 30 minutes, and only when it occurs: a late
// write of the last count would be a write while nothing happens. Per object: 25 new events at
// once, then one per 5 minutes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>

#include "common/json.h"
#include "common/time.h"
#include "operator/kube/client.h"

namespace sb::kube {

class Metrics;

// An ObjectReference to `object` (apiVersion, kind, namespace, name, uid, resourceVersion).
Json RefTo(const Json& object);

struct Event {
  Json regarding = {};
  std::string type = "Normal";  // or "Warning"
  std::string reason = {};      // CamelCase, at most 128 bytes
  std::string action = {};      // what the controller did or tried, CamelCase
  std::string note = {};        // cut at 1 kB
};

struct EventRecorderOptions {
  std::string controller = "scalablebackend.io/operator";
  std::string instance = {};  // the election's identity
  std::size_t queue_limit = 1000;
  int burst_per_object = 25;
  Duration refill = std::chrono::minutes(5);
  Duration series_gap = std::chrono::minutes(6);
  Duration series_flush = std::chrono::minutes(30);
  int tries = 12;  // of one write, when the server is unreachable, busy or too slow
  Duration retry_delay = std::chrono::seconds(10);  // give or take a quarter
  Metrics* metrics = nullptr;
};

class EventRecorder {
 public:
  EventRecorder(const Client& client, EventRecorderOptions options,
                const Clock& clock = SystemClock());
  ~EventRecorder();  // stops; events still queued are dropped
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void Emit(Event event);
  // Waits until the queue is empty; false after `deadline`. At shutdown, and in tests.
  bool Flush(Duration deadline);
  // Dropped by the queue's bound or by the limit per object.
  std::uint64_t dropped() const;

 private:
  struct Series {
    ObjectKey key;
    int count = 1;    // occurrences seen
    int written = 1;  // occurrences the server knows
    TimePoint last_seen;
    TimePoint last_written;
  };
  struct Bucket {
    double tokens;
    TimePoint at;
  };

  void Run(std::stop_token stop);
  void Write(const Event& event, std::stop_token stop);
  void Create(const Event& event, Series& series, std::stop_token stop);
  // False: the server does not know the event any more.
  bool WriteSeries(Series& series, std::stop_token stop);
  // Calls `write` until it works, cannot work, has had its tries, or `stop`.
  Expected<Json> Persist(const std::function<Expected<Json>()>& write, std::stop_token stop);
  bool TakeToken(const std::string& object);
  void Forget(TimePoint now);
  void LockedDrop();

  const Client& client_;
  const EventRecorderOptions options_;
  const Clock& clock_;
  mutable std::mutex queue_mutex_;
  std::condition_variable_any changed_;
  std::deque<Event> queue_;
  bool writing_ = false;
  std::uint64_t dropped_ = 0;
  std::map<std::string, Series> series_;   // recorder thread only
  std::map<std::string, Bucket> buckets_;  // recorder thread only
  std::minstd_rand random_;                // recorder thread only
  std::uint64_t named_ = 0;                // recorder thread only: no two events have one name
  std::jthread thread_;
};

}  // namespace sb::kube
