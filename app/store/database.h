// The database connections of one thread: reads in one pipeline, writes in another, so that a write
// that waits for a lock holds up no read, and some that are leased to transactions one by one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "app/store/connections.h"
#include "app/store/postgres.h"
#include "app/store/statements.h"
#include "app/store/task_inserts.h"
#include "app/store/transactions.h"
#include "app/store/user_reads.h"

namespace todo::store {

// Loop thread only.
class Database {
 public:
  Database(boost::asio::io_context& loop, const PostgresOptions& options, Connections connections)
      : reads_(loop, options, Statements()),
        transactions_(loop, options, connections.transactions) {
    if (connections.own_writes) writes_.emplace(loop, options, Statements());
    user_reads_.emplace(loop, reads_);
    task_inserts_.emplace(loop, writes_ ? *writes_ : reads_);
  }

  void Start() {
    reads_.Start();
    if (writes_) writes_->Start();
    transactions_.Start();
  }
  void Stop() {
    reads_.Stop();
    if (writes_) writes_->Stop();
    transactions_.Stop();
  }

  boost::asio::awaitable<sb::Expected<Rows>> Query(StatementId statement, Parameters parameters) {
    const bool writes = writes_ && Statements()[statement].writes;
    return (writes ? *writes_ : reads_).Query(statement, std::move(parameters));
  }
  // Several statements that happen together or not at all: see transactions.h.
  boost::asio::awaitable<sb::Expected<Transaction>> Begin() { return transactions_.Begin(); }
  template <typename T>
  boost::asio::awaitable<sb::Expected<T>> Transact(
      std::function<boost::asio::awaitable<sb::Expected<T>>(Transaction&)> body) {
    return transactions_.Run<T>(std::move(body));
  }
  // A statement of any other folder; it is prepared when first asked.
  boost::asio::awaitable<sb::Expected<Rows>> Query(const Statement& statement,
                                                   Parameters parameters) {
    return (writes_ && statement.writes ? *writes_ : reads_)
        .Query(statement, std::move(parameters));
  }
  // id, username; none: no such user.
  boost::asio::awaitable<sb::Expected<std::optional<Row>>> UserById(std::int64_t id) {
    return user_reads_->Get(id);
  }
  // id, title, completed, owner_id; kNotFound: no such owner.
  boost::asio::awaitable<sb::Expected<Row>> CreateTask(NewTask task) {
    return task_inserts_->Insert(std::move(task));
  }

  const Postgres& reads() const { return reads_; }
  const Postgres* writes() const { return writes_ ? &*writes_ : nullptr; }
  const Transactions& transactions() const { return transactions_; }

 private:
  Postgres reads_;
  std::optional<Postgres> writes_;
  Transactions transactions_;
  std::optional<UserReads> user_reads_;
  std::optional<TaskInserts> task_inserts_;
};

}  // namespace todo::store
