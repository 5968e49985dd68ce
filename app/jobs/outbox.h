// Where the API puts a job. With a database it is written there, and an answer means that it will
// be done, whatever becomes of Redis; then it is handed to Redis in passing, so that a worker has
// it at once (else the workers' Relay finds it). Without a database it goes to Redis alone.
//
//   Expected<std::string> id = co_await outbox.Put("bulk_tasks", payload, user_id);
//
// kInvalidArgument: no such kind, or its payload is wrong. kTooManyRequests: the queue is full.
// kUnavailable, kDeadlineExceeded: not accepted as far as is known; at worst it is done anyway.
// Loop thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "app/cache/redis.h"
#include "app/jobs/queue.h"
#include "app/store/database.h"
#include "common/json.h"

namespace todo::jobs {

class Outbox {
 public:
  // Either may be null, not both of them if Put is called.
  Outbox(store::Database* database, cache::Redis* redis, std::string queue);

  // The job's id. `owner`: who may see what becomes of it; none: whoever knows the id.
  boost::asio::awaitable<sb::Expected<std::string>> Put(std::string_view kind, sb::Json payload,
                                                        std::optional<std::int64_t> owner);
  const std::string& queue() const { return queue_name_; }

 private:
  boost::asio::awaitable<void> HandOver(std::string id, std::string kind);

  store::Database* const database_;
  cache::Redis* const redis_;
  const std::string queue_name_;
  std::optional<Queue> queue_;
  std::chrono::steady_clock::time_point full_until_{};
};

}  // namespace todo::jobs
