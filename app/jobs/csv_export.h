// The job csv_export: all tasks of its owner as CSV, read page by page and stored in parts, so that
// neither the worker nor PostgreSQL holds it whole. The result is {"rows", "bytes", "parts"}. Run
// again, it begins anew and writes over its parts.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "app/jobs/handler.h"
#include "app/store/postgres.h"

namespace todo::jobs {

// An export is downloaded in one answer, which the API holds in memory.
inline constexpr std::size_t kMostExportBytes = 8 << 20;

// `postgres` prepares Statements(); `worker`: who holds the job.
boost::asio::awaitable<Outcome> ExportCsv(store::Postgres& postgres, std::string worker,
                                          const Job& job);

}  // namespace todo::jobs
