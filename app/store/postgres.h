// One connection to PostgreSQL in libpq's pipeline mode: many coroutines send at once, the server
// answers in order, and nobody waits for another's round trip.
//
//   Postgres database(loop, {.url = url}, kStatements);
//   database.Start();
//   Expected<Rows> rows = co_await database.Query(kTasksOfOwner, std::move(parameters));
//
// Reads of one loop turn share one Sync (one transaction: if one fails, the others are sent again
// once). A write gets a Sync of its own, so it commits or fails alone. `statements` are prepared at
// each connect; the connection is usable only when all of them were. Any other Statement is
// prepared when it is first asked.
//
// A statement that keeps running into its time-out is not sent for a while (throttle.h):
// kUnavailable at once. A read that has no answer for `stall_after` because one before it has none
// (a locked table) goes to `rescue`, which asks elsewhere.
//
// A server ends by itself what takes longer than `query_timeout` and sessions that sleep inside a
// transaction for longer than `idle_timeout`.
//
// Errors: kUnavailable (not connected; lost before an answer, so a write may or may not have
// happened), kTooManyRequests (queue full), kDeadlineExceeded, and those of CodeOfSqlState. It
// reconnects by itself, with jittered backoff up to `backoff_most`. Loop thread only, stats() from
// any.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "app/async/waiter.h"
#include "app/store/parameters.h"
#include "app/store/rows.h"
#include "common/error.h"

namespace todo::store {

struct Statement {
  const char* name;
  const char* sql;
  bool writes = false;
  bool opens = false;  // BEGIN: shares its Sync with the statement behind it
};

struct PostgresOptions {
  std::string url;  // postgresql://…; holds a password: never log it
  std::size_t max_queued = 1024;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds query_timeout{5'000};
  std::chrono::milliseconds idle_timeout{10'000};  // idle_in_transaction_session_timeout
  std::chrono::milliseconds backoff_first{50};
  std::chrono::milliseconds backoff_most{1'000};
  std::chrono::milliseconds lock_timeout{0};  // 0: none
  std::chrono::milliseconds stall_after{100};
  // Answers the waiter, later. Not called for writes, nor for the statement that is stuck.
  std::function<void(const Statement& statement, Parameters parameters,
                     async::Waiter<sb::Expected<Rows>> waiter)>
      rescue;
  // Leased to one user at a time: a statement that fails takes those behind it along.
  bool exclusive = false;
  // When the connection becomes usable, for the first time and each time.
  std::function<void()> on_first_connected, on_connected;
};

// Counters of one connection.
struct PostgresStats {
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> queued{0};  // sent or waiting to be sent, without an answer
  std::atomic<std::uint64_t> queries{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> rejected{0};  // queue full
  std::atomic<std::uint64_t> throttled{0};
  std::atomic<std::uint64_t> throttled_statements{0};  // now
  std::atomic<std::uint64_t> rescued{0};
  std::atomic<std::uint64_t> circuit{1};  // 0 closed, 1 open, 2 half-open: connecting
  std::atomic<std::uint64_t> connects{0};
};

class Postgres {
 public:
  // `statements` must outlive the object.
  Postgres(boost::asio::io_context& loop, PostgresOptions options,
           std::span<const Statement> statements);
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  // Connects, and keeps connecting until Stop.
  void Start();
  // Closes; whoever waits gets kCancelled.
  void Stop();

  // `statement`: its position in `statements`.
  boost::asio::awaitable<sb::Expected<Rows>> Query(std::size_t statement, Parameters parameters);
  // `statement` outlives the connection: a constant.
  boost::asio::awaitable<sb::Expected<Rows>> Query(const Statement& statement,
                                                   Parameters parameters);

  // Sends without waiting for the answer, which is dropped.
  void Forget(const Statement& statement);

  bool ready() const;
  // Something has no answer yet.
  bool busy() const;
  // What everything sent now would wait for: it has had no answer for `stall_after`. Null: nothing.
  const Statement* stalled_on() const;
  // Gives the connection up and makes a new one; whoever waits gets kUnavailable.
  void Reset(std::string reason);
  const PostgresStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace todo::store
