#include "app/store/user_reads.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "app/store/arrays.h"
#include "app/store/statements.h"

namespace todo::store {
UserReads::UserReads(boost::asio::io_context& loop, Ask ask)
    : ask_(std::move(ask)), batcher_(loop, {.most_questions = 2}, [this](Users::Batch batch) {
        return Question(std::move(batch));
      }) {}

boost::asio::awaitable<void> UserReads::Question(Users::Batch batch) {
  BigintArray ids;
  Lsn at_least = kAnywhere;
  for (const auto& asked : batch) {
    ids.Add(asked.item.id);
    at_least = std::max(at_least, asked.item.at_least);
  }
  Parameters parameters;
  parameters.Text(ids.Bytes());
  auto asking = ask_(std::move(parameters), at_least);
  sb::Expected<Rows> answer = co_await std::move(asking);
  if (!answer) {
    for (auto& asked : batch) asked.waiter.Resume(tl::unexpected(answer.error()));
    co_return;
  }
  const auto rows = std::make_shared<const Rows>(std::move(*answer));
  std::unordered_map<std::int64_t, int> row_of;
  row_of.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) row_of.emplace(rows->integer(row, 0), row);
  for (auto& asked : batch) {
    const auto found = row_of.find(asked.item.id);
    asked.waiter.Resume(found == row_of.end() ? std::optional<Row>() : Row(rows, found->second));
  }
}

}  // namespace todo::store
