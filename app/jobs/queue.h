// One queue of jobs in Redis (names.h), as typed operations on a connection.
//
//   Queue queue(redis, "default");
//   co_await queue.Add(stored_jobs);                                  // producer
//   Expected<std::vector<Entry>> entries = co_await queue.Take("pod-1", 4, 1s);   // worker
//   co_await queue.Finish(entries->front(), {});
//
// Whatever takes an entry out of the stream returns whether the entry was still there: false means
// that somebody else dealt with it. Errors are those of cache::Redis. Loop thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cache/redis.h"
#include "app/jobs/entry.h"

namespace todo::jobs {

struct QueueState {
  std::int64_t depth = 0;      // waiting or running
  std::int64_t in_flight = 0;  // running
  std::int64_t oldest_ms = 0;  // how long the first in line has waited
  std::int64_t delayed = 0;    // waiting for their next try
  std::int64_t dead = 0;
};

// What becomes of the record of a job that is not stored.
struct RecordUpdate {
  std::string_view status;  // "": no record
  std::string_view name;    // "result" or "error"
  std::string_view value;
};

class Queue {
 public:
  template <typename T>
  using Answer = boost::asio::awaitable<sb::Expected<T>>;
  using milliseconds = std::chrono::milliseconds;
  struct Stored {
    std::string id, kind;
  };

  Queue(cache::Redis& redis, std::string_view name);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Stored jobs; those that lie in Redis already stay as they are. How many of the list, from its
  // start, are there now: fewer than all when the stream is full.
  Answer<std::size_t> Add(const std::vector<Stored>& jobs);
  // A job that is only here, with its record. kTooManyRequests: the stream is full.
  Answer<void> AddWithRecord(const Entry& entry);

  // From the first job on, also those that came before the first worker.
  Answer<void> EnsureGroup();
  // New entries for `consumer`; waits up to `block` for the first.
  Answer<std::vector<Entry>> Take(std::string_view consumer, std::size_t most, milliseconds block);
  // Entries whose worker has been silent for `idle`. `cursor`: "0-0" at first; "0-0" again at the
  // end.
  Answer<std::vector<Entry>> TakeOver(std::string_view consumer, std::size_t most,
                                      milliseconds idle, std::string& cursor);
  Answer<bool> Finish(const Entry& entry, const RecordUpdate& record);
  Answer<bool> Delay(const Entry& entry, milliseconds delay);
  Answer<bool> HandBack(const Entry& entry);
  Answer<bool> Bury(const Entry& entry, std::string_view error);
  Answer<bool> Beat(std::string_view consumer, const std::vector<std::string>& entry_ids);
  // Delayed jobs that are due go into the stream.
  Answer<void> Promote();
  // `consumer` is forgotten, unless it holds something: then that is to be taken over first.
  Answer<bool> Leave(std::string_view consumer);
  Answer<bool> ForgetConsumers(milliseconds idle);

  Answer<QueueState> Look();
  // Changes when Redis restarts, and may have lost what it was told last.
  Answer<std::string> RunId();

  // The dead, from the latest; at most `most`.
  Answer<std::vector<Entry>> Dead(std::size_t most);
  // Out of the dead stream: back into the queue, unless it is stored (then PostgreSQL says so).
  Answer<bool> Revive(const Entry& dead);
  Answer<bool> DropDead(const Entry& dead);

 private:
  Answer<bool> Moved(boost::asio::awaitable<sb::Expected<cache::Reply>> asked);

  cache::Redis& redis_;
  const std::string stream_, delayed_, known_, dead_;
};

}  // namespace todo::jobs
