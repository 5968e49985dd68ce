// The database connections of one thread: reads in one pipeline, writes in another, so that a write
// that waits for a lock holds up no read. With a pool of one, both share it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "app/store/postgres.h"
#include "app/store/statements.h"
#include "app/store/task_inserts.h"
#include "app/store/user_reads.h"

namespace todo::store {

// Loop thread only.
class Database {
 public:
  Database(boost::asio::io_context& loop, const PostgresOptions& options, int connections)
      : reads_(loop, options, Statements()) {
    if (connections > 1) writes_.emplace(loop, options, Statements());
    user_reads_.emplace(loop, reads_);
    task_inserts_.emplace(loop, writes_ ? *writes_ : reads_);
  }

  void Start() {
    reads_.Start();
    if (writes_) writes_->Start();
  }
  void Stop() {
    reads_.Stop();
    if (writes_) writes_->Stop();
  }

  boost::asio::awaitable<sb::Expected<Rows>> Query(StatementId statement, Parameters parameters) {
    const bool writes = writes_ && Statements()[statement].writes;
    return (writes ? *writes_ : reads_).Query(statement, std::move(parameters));
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

 private:
  Postgres reads_;
  std::optional<Postgres> writes_;
  std::optional<UserReads> user_reads_;
  std::optional<TaskInserts> task_inserts_;
};

}  // namespace todo::store
