#include "app/jobs/bulk_tasks.h"

#include <boost/asio/use_awaitable.hpp>

#include "app/jobs/statements.h"
#include "app/store/arrays.h"

namespace todo::jobs {

using sb::ErrorCode;
using sb::Expected;

boost::asio::awaitable<Outcome> MakeTasks(store::Postgres& postgres, std::string worker,
                                          const Job& job) {
  if (!job.owner_id) co_return Outcome::Failed("a job without an owner cannot make tasks");
  store::TextArray titles, completed;
  for (const sb::Json& task : job.payload["tasks"]) {
    const std::string title = sb::StringAt(task, {"title"});
    if (title.empty() || title.find('\0') != std::string::npos) {
      co_return Outcome::Failed("payload.tasks has one without a title");
    }
    titles.Add(title);
    completed.Add(sb::BoolAt(task, {"completed"}) ? "t" : "f");
  }
  store::Parameters parameters;
  parameters.Text(job.id)
      .Text(worker)
      .Integer(*job.owner_id)
      .Text(titles.Bytes())
      .Text(completed.Bytes());
  auto asked = postgres.Query(kBulkTasks, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    // An owner who is gone, or values that PostgreSQL does not take, are so the next time too.
    const ErrorCode code = rows.error().code;
    const bool never = code == ErrorCode::kNotFound || code == ErrorCode::kInvalidArgument;
    co_return never ? Outcome::Failed(rows.error().message) : Outcome::Retry(rows.error().message);
  }
  Outcome outcome;
  outcome.kind = rows->empty() ? Outcome::Kind::kStopped : Outcome::Kind::kSettled;
  co_return outcome;
}

}  // namespace todo::jobs
