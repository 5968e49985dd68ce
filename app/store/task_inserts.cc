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

// PostgreSQL returns rows in the order of unnest, but does not promise it: they are matched by
// content, and two with the same content are as good as each other.
std::vector<Expected<Row>> Matched(const std::vector<NewTask>& batch,
                                   const std::shared_ptr<const Rows>& rows) {
  std::multimap<std::pair<std::string_view, std::string_view>, int> strays;
  std::vector<int> row_of(batch.size(), -1);
  for (int row = 0; row < rows->size(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (at < batch.size() && IsOf(*rows, row, batch[at])) {
      row_of[at] = row;
    } else {
      strays.emplace(std::pair(rows->text(row, 1), rows->text(row, 3)), row);
    }
  }
  std::vector<Expected<Row>> answers;
  answers.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (row_of[i] < 0) {
      const std::string owner = std::to_string(batch[i].owner_id);
      const auto found =
          strays.find(std::pair<std::string_view, std::string_view>(batch[i].title, owner));
      if (found != strays.end()) {
        row_of[i] = found->second;
        strays.erase(found);
      }
    }
    if (row_of[i] < 0) {
      answers.push_back(sb::Fail(ErrorCode::kInternal, "create_tasks: a row did not come back"));
    } else {
      answers.push_back(Row(rows, row_of[i]));
    }
  }
  return answers;
}

}  // namespace

TaskInserts::TaskInserts(asio::io_context& loop, Postgres& connection, TaskQueue& queue)
    : loop_(loop),
      connection_(connection),
      batcher_(
          loop, queue, {}, [this] { return connection_.ready(); },
          [this](Tasks batch) { return Question(std::move(batch)); }) {}

asio::awaitable<TaskInserts::Answers> TaskInserts::Question(Tasks batch) {
  Answers answers;
  if (batch.size() == 1) {
    auto asked = Alone(batch.front());
    answers.push_back(co_await std::move(asked));
    co_return answers;
  }
  TextArray titles;
  BigintArray owners;
  for (const NewTask& task : batch) {
    titles.Add(task.title);
    owners.Add(task.owner_id);
  }
  Parameters parameters;
  parameters.Text(titles.Bytes()).Text(owners.Bytes());
  auto asked = connection_.Query(kCreateTasks, std::move(parameters));
  Expected<Rows> answer = co_await std::move(asked);
  if (!answer) {
    if (!MayHaveHappened(answer.error().code)) {
      auto each = EachAlone(batch);
      co_return co_await std::move(each);
    }
    answers.resize(batch.size(), tl::unexpected(answer.error()));
    co_return answers;
  }
  co_return Matched(batch, std::make_shared<const Rows>(std::move(*answer)));
}

asio::awaitable<Expected<Row>> TaskInserts::Alone(const NewTask& task) {
  Parameters parameters;
  parameters.Text(task.title).Integer(task.owner_id);
  auto asked = connection_.Query(kCreateTask, std::move(parameters));
  Expected<Rows> answer = co_await std::move(asked);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  co_return Row(std::make_shared<const Rows>(std::move(*answer)), 0);
}

// All at once through the pipeline, each in a transaction of its own; done when all are.
asio::awaitable<TaskInserts::Answers> TaskInserts::EachAlone(const Tasks& batch) {
  Answers answers(batch.size(), sb::Fail(ErrorCode::kInternal, "not asked"));
  std::size_t left = batch.size();
  auto all = async::Waiter<bool>::Wait([&](async::Waiter<bool> waiter) {
    auto done = std::make_shared<async::Waiter<bool>>(std::move(waiter));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      asio::co_spawn(
          loop_,
          [](TaskInserts* self, const NewTask* task, Expected<Row>* to, std::size_t* count,
             std::shared_ptr<async::Waiter<bool>> all_done) -> asio::awaitable<void> {
            auto alone = self->Alone(*task);
            *to = co_await std::move(alone);
            if (--*count == 0) all_done->Resume(true);
          }(this, &batch[i], &answers[i], &left, done),
          asio::detached);
    }
  });
  co_await std::move(all);
  co_return answers;
}

}  // namespace todo::store
