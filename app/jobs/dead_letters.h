// The jobs that were given up, wherever they are: stored ones in PostgreSQL (the dead stream may
// have lost or forgotten them), the others in the dead stream.
//
//   DeadLetters letters(queue, &postgres, "default");
//   Expected<std::vector<DeadLetter>> dead = co_await letters.List(1000);
//   Expected<bool> again = co_await letters.Retry(dead->front());
//
// Loop thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/jobs/queue.h"
#include "app/store/postgres.h"

namespace todo::jobs {

struct DeadLetter {
  std::string id, kind, payload, error;
  std::int64_t attempts = 0;
  std::string died_at;            // RFC 3339
  bool stored = false;            // in PostgreSQL
  std::optional<Entry> in_redis;  // in the dead stream
};

class DeadLetters {
 public:
  // `postgres` prepares Statements(); null: what is stored cannot be changed.
  DeadLetters(Queue& queue, store::Postgres* postgres, std::string name)
      : queue_(queue), postgres_(postgres), name_(std::move(name)) {}

  // Latest first, at most `most`. With PostgreSQL it works without Redis, and says so in
  // `redis_away`.
  boost::asio::awaitable<sb::Expected<std::vector<DeadLetter>>> List(std::size_t most,
                                                                     std::string& redis_away);
  // Back into the queue, with all its attempts. False: it is dead no more.
  boost::asio::awaitable<sb::Expected<bool>> Retry(const DeadLetter& letter);
  // Never to be run. False as above.
  boost::asio::awaitable<sb::Expected<bool>> Drop(const DeadLetter& letter);

 private:
  boost::asio::awaitable<sb::Expected<bool>> Change(const DeadLetter& letter, bool retry);

  Queue& queue_;
  store::Postgres* const postgres_;
  const std::string name_;
};

}  // namespace todo::jobs
