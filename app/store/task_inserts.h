// New tasks: those that arrive while a commit is on its way share the next one, so that one flush
// of the disk makes many of them durable. An answer means that the row is committed.
//
//   Expected<Row> task = co_await inserts.Insert({"buy milk", 7});   // id, title, completed,
//   owner_id
//
// kNotFound: no such owner. If one of a batch cannot be stored, each is tried alone, so that nobody
// fails for another's mistake. Loop thread only.
#pragma once

#include <cstdint>
#include <string>

#include "app/async/batcher.h"
#include "app/store/postgres.h"

namespace todo::store {

struct NewTask {
  std::string title;
  std::int64_t owner_id;
};

class TaskInserts {
 public:
  // `connection` prepares Statements() and outlives this.
  TaskInserts(boost::asio::io_context& loop, Postgres& connection);

  boost::asio::awaitable<sb::Expected<Row>> Insert(NewTask task) {
    return batcher_.Ask(std::move(task));
  }

 private:
  using Tasks = async::Batcher<NewTask, Row>;
  boost::asio::awaitable<void> Question(Tasks::Batch batch);
  boost::asio::awaitable<sb::Expected<Row>> Alone(const NewTask& task);
  boost::asio::awaitable<void> EachAlone(Tasks::Batch batch);

  boost::asio::io_context& loop_;
  Postgres& connection_;
  Tasks batcher_;
};

}  // namespace todo::store
