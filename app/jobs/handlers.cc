#include "app/jobs/handlers.h"

#include "app/jobs/bulk_tasks.h"
#include "app/jobs/csv_export.h"
#include "app/jobs/deliver_webhook.h"
#include "app/jobs/sum_squares.h"

namespace todo::jobs {

Handlers MakeHandlers(const HandlerTools& tools) {
  Handlers handlers;
  handlers["sum_squares"] = tools.pool.Handle([](const Job& job) {
    std::optional<std::string> sum = SumSquares(job.payload["n"].get<std::int64_t>(), job.stop);
    return sum ? Outcome::Done(std::move(*sum)) : Outcome::Stopped();
  });
  if (tools.postgres == nullptr) return handlers;
  handlers["bulk_tasks"] = [postgres = tools.postgres, worker = tools.worker](const Job& job) {
    return MakeTasks(*postgres, worker, job);
  };
  handlers["csv_export"] = [postgres = tools.postgres, worker = tools.worker](const Job& job) {
    return ExportCsv(*postgres, worker, job);
  };
  handlers["webhook"] = [postgres = tools.postgres, poster = &tools.poster](const Job& job) {
    return DeliverWebhook(*postgres, *poster, job);
  };
  return handlers;
}

}  // namespace todo::jobs
