#include "app/store/task_lists.h"

#include <algorithm>
#include <utility>

#include "app/async/breaker.h"
#include "app/store/arrays.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::Expected;

constexpr int kIdColumn = 0;
constexpr int kListColumn = 4;
// As many as time-outs have to follow each other before a statement counts as stuck (throttle.h):
// those who come later learn it at once, and do not wait for a place first.
constexpr int kQuestions = async::BreakerLimits{}.failures;

// PostgreSQL sends the lists one after the other and each in id order, but does not promise it.
std::optional<std::vector<int>> InOrder(const Rows& rows, int lists) {
  std::int64_t list_before = 0, id_before = 0;
  bool ids_rise = true;
  auto begins = Boundaries(rows.size(), lists, [&](int row) {
    const std::int64_t list = rows.integer(row, kListColumn), id = rows.integer(row, kIdColumn);
    if (list == list_before && id <= id_before) ids_rise = false;
    list_before = list;
    id_before = id;
    return static_cast<int>(list);
  });
  return ids_rise ? begins : std::nullopt;
}

}  // namespace

TaskLists::TaskLists(asio::io_context& loop, Ask ask)
    : ask_(std::move(ask)),
      batcher_(loop, {.most_items = 32, .most_questions = kQuestions},
               [this](Pages::Batch batch) { return Question(std::move(batch)); }) {}

asio::awaitable<void> TaskLists::Question(Pages::Batch batch) {
  BigintArray owners, skips, limits;
  Lsn at_least = kAnywhere;
  for (const auto& asked : batch) {
    owners.Add(asked.item.page.owner);
    skips.Add(asked.item.page.skip);
    limits.Add(asked.item.page.limit);
    at_least = std::max(at_least, asked.item.at_least);
  }
  Parameters parameters;
  parameters.Text(owners.Bytes()).Text(skips.Bytes()).Text(limits.Bytes());
  auto asking = ask_(kTasksOfOwners, std::move(parameters), at_least);
  Expected<Rows> answer = co_await std::move(asking);
  if (!answer) {
    for (auto& asked : batch) asked.waiter.Resume(tl::unexpected(answer.error()));
    co_return;
  }
  const auto rows = std::make_shared<const Rows>(std::move(*answer));
  const auto begins = InOrder(*rows, static_cast<int>(batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (begins) {
      batch[i].waiter.Resume(RowRange(rows, (*begins)[i], (*begins)[i + 1]));
      continue;
    }
    auto alone = Alone(batch[i].item.page, batch[i].item.at_least);
    Expected<RowRange> range = co_await std::move(alone);
    batch[i].waiter.Resume(std::move(range));
  }
}

asio::awaitable<Expected<RowRange>> TaskLists::Alone(TaskPage page, Lsn at_least) {
  Parameters parameters;
  parameters.Integer(page.owner).Integer(page.skip).Integer(page.limit);
  auto asking = ask_(kTasksOfOwner, std::move(parameters), at_least);
  Expected<Rows> rows = co_await std::move(asking);
  if (!rows) co_return tl::unexpected(rows.error());
  co_return RowRange(std::move(*rows));
}

}  // namespace todo::store
