// Transactions of several statements, each on a connection that is leased to it alone; the leases
// of one thread, with a queue in front.
//
//   Expected<Transaction> transaction = co_await transactions.Begin();
//   if (!transaction) co_return http::FromError(transaction.error());      // 503, Retry-After
//   Expected<Rows> key = co_await transaction->Query(kInsertKey, std::move(parameters));
//   if (!key) …;                                // dropped without Commit: rolled back
//   Expected<void> committed = co_await transaction->Commit();
//
// Or, so that no path forgets the Commit:
//
//   Expected<Rows> rows = co_await transactions.Run<Rows>(
//       [&](Transaction& transaction) -> asio::awaitable<Expected<Rows>> { … });
//
// BEGIN travels with the first statement, so a transaction of n statements costs n + 1 round trips.
// READ COMMITTED, as PostgreSQL's default is: lock the rows that must not change (FOR UPDATE).
// After a statement that failed nothing but the end is left: the next Query and Commit fail.
//
// Errors of Begin: kUnavailable (no connection), kTooManyRequests (queue full), kDeadlineExceeded
// (none became free in `lease_wait`). Query: those of Postgres. Commit: kUnavailable when the
// connection went away before the answer: then it may or may not have happened. A transaction that
// holds its lease for longer than `most_held` loses its connection. Loop thread only.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "app/store/postgres.h"

namespace todo::store {

struct TransactionLimits {
  std::size_t most_waiting = 256;
  std::chrono::milliseconds lease_wait{2'000};
  std::chrono::milliseconds most_held{10'000};
  std::chrono::milliseconds lock_timeout{1'000};
};

struct TransactionStats {
  std::atomic<std::uint64_t> leased{0};
  std::atomic<std::uint64_t> waiting{0};
  std::atomic<std::uint64_t> committed{0};
  std::atomic<std::uint64_t> rolled_back{0};  // dropped, failed or lost
  std::atomic<std::uint64_t> refused{0};      // queue full, or waited too long
};

class Transactions;

// Move only. Everything that it gave must be awaited before the next call.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // `statement` is a constant, here or in any other folder; it is prepared when first asked.
  boost::asio::awaitable<sb::Expected<Rows>> Query(const Statement& statement,
                                                   Parameters parameters);
  // The last call: true to its name only if it gives no error.
  boost::asio::awaitable<sb::Expected<void>> Commit();

 private:
  friend class Transactions;
  class Lease;
  explicit Transaction(std::unique_ptr<Lease> lease);

  std::unique_ptr<Lease> lease_;
};

class Transactions {
 public:
  // At most `connections`; the first connects at Start, each other when it is needed.
  Transactions(boost::asio::io_context& loop, PostgresOptions options, int connections,
               TransactionLimits limits = {});
  ~Transactions();
  Transactions(const Transactions&) = delete;
  Transactions& operator=(const Transactions&) = delete;

  void Start();
  void Stop();

  boost::asio::awaitable<sb::Expected<Transaction>> Begin();

  // One statement by itself, committed at once if it writes: for what must not wait in a pipeline.
  boost::asio::awaitable<sb::Expected<Rows>> Alone(const Statement& statement,
                                                   Parameters parameters);
  // Any of them is usable, though it may be leased.
  bool connected() const;

  // Commits when `body` gives a value, rolls back when it gives an error. `body` lives in the
  // caller until this has ended.
  template <typename T>
  boost::asio::awaitable<sb::Expected<T>> Run(
      std::function<boost::asio::awaitable<sb::Expected<T>>(Transaction&)> body) {
    auto begun = Begin();
    sb::Expected<Transaction> transaction = co_await std::move(begun);
    if (!transaction) co_return tl::unexpected(std::move(transaction.error()));
    auto asked = body(*transaction);
    sb::Expected<T> value = co_await std::move(asked);
    if (!value) co_return value;
    auto ended = transaction->Commit();
    sb::Expected<void> committed = co_await std::move(ended);
    if (!committed) co_return tl::unexpected(std::move(committed.error()));
    co_return value;
  }

  const TransactionStats& stats() const;
  // Of each connection, for the metrics.
  std::vector<const PostgresStats*> connections() const;

 private:
  friend class Transaction;
  struct Loan;
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace todo::store
