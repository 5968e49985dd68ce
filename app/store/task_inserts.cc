#include "app/store/task_inserts.h"

#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include "app/store/arrays.h"
#include "app/store/statements.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;

bool IsOf(const Rows& rows, int row, const NewTask& task) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, task.owner_id).ptr;
  return rows.text(row, 3) == std::string_view(digits, static_cast<std::size_t>(end - digits)) &&
         rows.text(row, 1) == task.title;
}

// The statement may have reached the server: what became of it is not known, so it is not repeated.
bool MayHaveHappened(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kCancelled || code == ErrorCode::kTooManyRequests;
}

}  // namespace

TaskInserts::TaskInserts(asio::io_context& loop, Postgres& connection)
    : loop_(loop),
      connection_(connection),
      batcher_(loop, {}, [this](Tasks::Batch batch) { return Question(std::move(batch)); }) {}

asio::awaitable<void> TaskInserts::Question(Tasks::Batch batch) {
  if (batch.size() == 1) {
    Expected<Row> row = co_await Alone(batch.front().item);
    batch.front().waiter.Resume(std::move(row));
    co_return;
  }
  TextArray titles;
  BigintArray owners;
  for (const auto& asked : batch) {
    titles.Add(asked.item.title);
    owners.Add(asked.item.owner_id);
  }
  Parameters parameters;
  parameters.Text(titles.Bytes()).Text(owners.Bytes());
  Expected<Rows> answer = co_await connection_.Query(kCreateTasks, std::move(parameters));
  if (!answer) {
    if (!MayHaveHappened(answer.error().code)) co_return co_await EachAlone(std::move(batch));
    for (auto& asked : batch) asked.waiter.Resume(tl::unexpected(answer.error()));
    co_return;
  }
  const auto rows = std::make_shared<const Rows>(std::move(*answer));
  // PostgreSQL returns rows in the order of unnest, but does not promise it: they are matched by
  // content, and two with the same content are as good as each other.
  std::multimap<std::pair<std::string_view, std::string_view>, int> strays;
  std::vector<int> row_of(batch.size(), -1);
  for (int row = 0; row < rows->size(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (at < batch.size() && IsOf(*rows, row, batch[at].item)) {
      row_of[at] = row;
    } else {
      strays.emplace(std::pair(rows->text(row, 1), rows->text(row, 3)), row);
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (row_of[i] < 0) {
      const std::string owner = std::to_string(batch[i].item.owner_id);
      const auto found =
          strays.find(std::pair<std::string_view, std::string_view>(batch[i].item.title, owner));
      if (found != strays.end()) {
        row_of[i] = found->second;
        strays.erase(found);
      }
    }
    if (row_of[i] < 0) {
      batch[i].waiter.Resume(
          sb::Fail(ErrorCode::kInternal, "create_tasks: a row did not come back"));
    } else {
      batch[i].waiter.Resume(Row(rows, row_of[i]));
    }
  }
}

asio::awaitable<Expected<Row>> TaskInserts::Alone(const NewTask& task) {
  Parameters parameters;
  parameters.Text(task.title).Integer(task.owner_id);
  Expected<Rows> answer = co_await connection_.Query(kCreateTask, std::move(parameters));
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  co_return Row(std::make_shared<const Rows>(std::move(*answer)), 0);
}

// All at once through the pipeline, each in a transaction of its own; done when all are.
asio::awaitable<void> TaskInserts::EachAlone(Tasks::Batch batch) {
  auto left = std::make_shared<std::size_t>(batch.size());
  co_await async::Waiter<bool>::Wait([&](async::Waiter<bool> all_done) {
    auto done = std::make_shared<async::Waiter<bool>>(std::move(all_done));
    for (auto& asked : batch) {
      asio::co_spawn(
          loop_,
          [](TaskInserts* self, Tasks::Asked one, std::shared_ptr<std::size_t> count,
             std::shared_ptr<async::Waiter<bool>> all) -> asio::awaitable<void> {
            Expected<Row> row = co_await self->Alone(one.item);
            one.waiter.Resume(std::move(row));
            if (--*count == 0) all->Resume(true);
          }(this, std::move(asked), left, done),
          asio::detached);
    }
  });
}

}  // namespace todo::store
