// Tasks of a user, a page at a time: what many requests list at once is one query, because a query
// costs PostgreSQL more than the rows of a short list do.
//
//   Expected<RowRange> tasks = co_await lists.Get({.owner = 7, .skip = 0, .limit = 20}, kAnywhere);
//   for (int i = 0; i < tasks->size(); ++i) … tasks->row(i) …   // id, title, completed, owner_id
//
// In id order; nobody's are empty. Long lists are asked for alone, so that a short one waits for
// none. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>

#include "app/async/batcher.h"
#include "app/store/lsn.h"
#include "app/store/postgres.h"
#include "app/store/row_range.h"
#include "app/store/statements.h"

namespace todo::store {

struct TaskPage {
  std::int64_t owner;
  std::int64_t skip;
  std::int64_t limit;
};

class TaskLists {
 public:
  // Asks where `at_least` has been replayed.
  using Ask = std::function<boost::asio::awaitable<sb::Expected<Rows>>(
      StatementId statement, Parameters parameters, Lsn at_least)>;
  TaskLists(boost::asio::io_context& loop, Ask ask);

  boost::asio::awaitable<sb::Expected<RowRange>> Get(TaskPage page, Lsn at_least) {
    return page.limit > kLongList ? Alone(page, at_least) : batcher_.Ask({page, at_least});
  }

 private:
  static constexpr std::int64_t kLongList = 100;

  struct Wanted {
    TaskPage page;
    Lsn at_least;
  };
  using Pages = async::Batcher<Wanted, RowRange>;
  boost::asio::awaitable<void> Question(Pages::Batch batch);
  boost::asio::awaitable<sb::Expected<RowRange>> Alone(TaskPage page, Lsn at_least);

  const Ask ask_;
  Pages batcher_;
};

}  // namespace todo::store
