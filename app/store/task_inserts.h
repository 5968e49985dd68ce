// New tasks: those that arrive while a commit is on its way, on whatever thread, share the next
// one, so that one flush of the disk makes many of them durable. An answer means that the row is
// committed.
//
//   Expected<Row> task = co_await inserts.Insert({"buy milk", 7});   // id, title, completed,
//   owner_id
//
// kNotFound: no such owner. If one of a batch cannot be stored, each is tried alone, so that nobody
// fails for another's mistake. Loop thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/async/shared_batcher.h"
#include "app/store/postgres.h"

namespace todo::store {

struct NewTask {
  std::string title;
  std::int64_t owner_id;
};

// Of the process; outlives its TaskInserts.
using TaskQueue = async::SharedQueue<NewTask, Row>;

class TaskInserts {
 public:
  // `connection` prepares Statements() and outlives this.
  TaskInserts(boost::asio::io_context& loop, Postgres& connection, TaskQueue& queue);

  boost::asio::awaitable<sb::Expected<Row>> Insert(NewTask task) {
    return batcher_.Ask(std::move(task));
  }
  // Before the connection is stopped: see SharedBatcher::Leave.
  boost::asio::awaitable<void> Leave() { return batcher_.Leave(); }

 private:
  using Tasks = std::vector<NewTask>;
  using Answers = std::vector<sb::Expected<Row>>;
  boost::asio::awaitable<Answers> Question(Tasks batch);
  boost::asio::awaitable<sb::Expected<Row>> Alone(const NewTask& task);
  boost::asio::awaitable<Answers> EachAlone(const Tasks& batch);

  boost::asio::io_context& loop_;
  Postgres& connection_;
  async::SharedBatcher<NewTask, Row> batcher_;
};

}  // namespace todo::store
