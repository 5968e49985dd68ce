// The database connections of one thread: reads in one pipeline, writes in another, so that a write
// that waits for a lock holds up no read, some that are leased to transactions one by one, and one
// to a replica if there is one.
//
//   Expected<Rows> rows = co_await database.Query(kCreateUser, std::move(parameters));
//   Expected<Rows> tasks = co_await database.Read(kTasksOfOwner, std::move(parameters), at_least);
//
// What would wait behind a statement that is stuck (on a locked table, say) goes around it, on one
// of the leased connections.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/store/connections.h"
#include "app/store/lsn.h"
#include "app/store/postgres.h"
#include "app/store/replica.h"
#include "app/store/statements.h"
#include "app/store/task_inserts.h"
#include "app/store/task_lists.h"
#include "app/store/transactions.h"
#include "app/store/user_reads.h"

namespace todo::store {

// Loop thread only.
class Database {
 public:
  // `tasks`: what all threads' inserts of tasks share. `replica_url`: "" for none.
  Database(boost::asio::io_context& loop, const PostgresOptions& options, Connections connections,
           TaskQueue& tasks, const std::string& replica_url = "");
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void Start();
  // Before Stop, while other threads go on: what this one has under way for them is answered first.
  boost::asio::awaitable<void> Leave() { return task_inserts_->Leave(); }
  void Stop();

  // Of the primary.
  boost::asio::awaitable<sb::Expected<Rows>> Query(StatementId statement, Parameters parameters) {
    return Query(Statements()[statement], std::move(parameters));
  }
  // A statement of any other folder; it is prepared when first asked.
  boost::asio::awaitable<sb::Expected<Rows>> Query(const Statement& statement,
                                                   Parameters parameters);
  // Several statements that happen together or not at all: see transactions.h.
  boost::asio::awaitable<sb::Expected<Transaction>> Begin() { return transactions_.Begin(); }
  template <typename T>
  boost::asio::awaitable<sb::Expected<T>> Transact(
      std::function<boost::asio::awaitable<sb::Expected<T>>(Transaction&)> body) {
    return transactions_.Run<T>(std::move(body));
  }

  // Of the replica if it has replayed `at_least`, else of the primary.
  boost::asio::awaitable<sb::Expected<Rows>> Read(StatementId statement, Parameters parameters,
                                                  Lsn at_least) {
    if (replica_ && replica_->Has(at_least)) {
      return ReadReplica(statement, std::move(parameters));
    }
    return Query(statement, std::move(parameters));
  }
  // id, username; none: no such user.
  boost::asio::awaitable<sb::Expected<std::optional<Row>>> UserById(std::int64_t id,
                                                                    Lsn at_least = kPrimaryOnly) {
    return user_reads_->Get(id, at_least);
  }
  // Of a user, in id order.
  boost::asio::awaitable<sb::Expected<RowRange>> TasksOf(TaskPage page, Lsn at_least) {
    return task_lists_->Get(page, at_least);
  }
  // id, title, completed, owner_id; kNotFound: no such owner.
  boost::asio::awaitable<sb::Expected<Row>> CreateTask(NewTask task) {
    return task_inserts_->Insert(std::move(task));
  }

  bool has_replica() const { return replica_.has_value(); }
  // What a read of something of `user` must see: what they wrote through this process, and what
  // the token says that they brought. kPrimaryOnly without a replica.
  Lsn PointOf(std::int64_t user, std::string_view token) const;
  // After a commit: remembers it for PointOf, and gives the token for the answer's
  // kConsistencyHeader; "" without a replica.
  boost::asio::awaitable<std::string> Wrote(std::int64_t user);

  const Postgres& reads() const { return reads_; }
  const Postgres* writes() const { return writes_ ? &*writes_ : nullptr; }
  const Transactions& transactions() const { return transactions_; }
  const Replica* replica() const { return replica_ ? &*replica_ : nullptr; }

 private:
  boost::asio::awaitable<sb::Expected<Rows>> ReadReplica(StatementId statement,
                                                         Parameters parameters);
  PostgresOptions WithRescue(PostgresOptions options);

  boost::asio::io_context& loop_;
  Transactions transactions_;
  Postgres reads_;
  std::optional<Postgres> writes_;
  std::optional<Replica> replica_;
  std::optional<UserReads> user_reads_;
  std::optional<TaskLists> task_lists_;
  std::optional<TaskInserts> task_inserts_;
  std::optional<async::Batcher<std::int64_t, Lsn>> written_;
};

}  // namespace todo::store
