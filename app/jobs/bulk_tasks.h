// The job bulk_tasks: many tasks of its owner at once, {"tasks": [{"title": "…", "completed":
// false}, …]}. The result is {"created": [ids]}.
//
// Exactly once: the tasks are stored in the transaction that says that the job is done.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "app/jobs/handler.h"
#include "app/store/postgres.h"

namespace todo::jobs {

// `postgres` prepares Statements(); `worker`: who holds the job.
boost::asio::awaitable<Outcome> MakeTasks(store::Postgres& postgres, std::string worker,
                                          const Job& job);

}  // namespace todo::jobs
