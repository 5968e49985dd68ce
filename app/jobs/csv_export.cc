#include "app/jobs/csv_export.h"

#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "app/jobs/csv.h"
#include "app/jobs/statements.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;
using sb::Expected;

constexpr std::int64_t kPage = 200;
constexpr std::size_t kPartBytes = 256 << 10;

Outcome DatabaseFailed(const sb::Error& error) {
  return Outcome::Retry("database: " + std::string(ToString(error.code)));
}

// Writes the parts of one export.
class Parts {
 public:
  Parts(store::Postgres& postgres, const std::string& job, const std::string& worker)
      : postgres_(postgres), job_(job), worker_(worker) {}

  asio::awaitable<Expected<void>> ForgetEarlier() {
    store::Parameters parameters;
    parameters.Text(job_).Text(worker_);
    auto asked = postgres_.Query(kForgetParts, std::move(parameters));
    const Expected<store::Rows> rows = co_await std::move(asked);
    if (!rows) co_return tl::unexpected<sb::Error>(rows.error());
    co_return Expected<void>();
  }

  // False: the job is not ours any more.
  asio::awaitable<Expected<bool>> Write(std::string content) {
    bytes += content.size();
    store::Parameters parameters;
    parameters.Text(job_).Integer(count++).Text(content).Text(worker_);
    auto asked = postgres_.Query(kPutPart, std::move(parameters));
    const Expected<store::Rows> rows = co_await std::move(asked);
    if (!rows) co_return tl::unexpected<sb::Error>(rows.error());
    co_return !rows->empty();
  }

  std::size_t bytes = 0;
  std::int64_t count = 0;

 private:
  store::Postgres& postgres_;
  const std::string& job_;
  const std::string& worker_;
};

}  // namespace

asio::awaitable<Outcome> ExportCsv(store::Postgres& postgres, std::string worker, const Job& job) {
  if (!job.owner_id) co_return Outcome::Failed("an export without an owner");
  Parts parts(postgres, job.id, worker);
  const Expected<void> forgot = co_await parts.ForgetEarlier();
  if (!forgot) co_return DatabaseFailed(forgot.error());

  std::string content = "\"id\",\"title\",\"completed\"\r\n";
  std::int64_t after = 0, rows_written = 0;
  for (bool more = true; more;) {
    if (job.stop->load(std::memory_order_relaxed)) co_return Outcome::Stopped();
    store::Parameters parameters;
    parameters.Integer(*job.owner_id).Integer(after).Integer(kPage);
    auto asked = postgres.Query(kTasksPage, std::move(parameters));
    const Expected<store::Rows> page = co_await std::move(asked);
    if (!page) co_return DatabaseFailed(page.error());
    for (int row = 0; row < page->size(); ++row) {
      content += page->text(row, 0);
      content += ',';
      AppendCsvText(content, page->text(row, 1));
      content += page->boolean(row, 2) ? ",true\r\n" : ",false\r\n";
      ++rows_written;
    }
    more = page->size() == kPage;
    if (more) after = page->integer(page->size() - 1, 0);
    if (parts.bytes + content.size() > kMostExportBytes) {
      co_return Outcome::Failed("more than 8 MiB; page through /v1/tasks instead");
    }
    if (more && content.size() < kPartBytes) continue;
    auto writing = parts.Write(std::move(content));
    const Expected<bool> ours = co_await std::move(writing);
    if (!ours) co_return DatabaseFailed(ours.error());
    if (!*ours) co_return Outcome::Stopped();
    content.clear();
  }
  const sb::Json result = {{"rows", rows_written}, {"bytes", parts.bytes}, {"parts", parts.count}};
  co_return Outcome::Done(result.dump());
}

}  // namespace todo::jobs
