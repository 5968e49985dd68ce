#include "app/migrations/migrate.h"

#include <libpq-fe.h>

#include <cstdio>
#include <memory>
#include <thread>

#include "common/log.h"

namespace todo::migrations {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;

// Any number that no other program takes in this database.
constexpr const char* kLockKey = "7305808872301";
constexpr std::chrono::milliseconds kRetry{250};

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Close>;
using Result = std::unique_ptr<PGresult, Close>;

std::string FirstLine(const char* message) {
  std::string_view line(message == nullptr ? "" : message);
  line = line.substr(0, line.find('\n'));
  return std::string(line);
}

// What PostgreSQL says, with its hint of the place in the SQL: "relation "x" does not exist (line
// 3)".
std::string Reason(const PGresult* result) {
  const char* const primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return primary != nullptr ? primary : FirstLine(PQresultErrorMessage(result));
}

Expected<Connection> Connect(const MigrateOptions& options) {
  const auto deadline = Clock::now() + options.wait;
  const std::string url = options.url;
  const char* const keywords[] = {"dbname", "connect_timeout", "fallback_application_name",
                                  nullptr};
  const char* const values[] = {url.c_str(), "5", "todo-migrate", nullptr};
  for (bool told = false;; told = true) {
    Connection connection(PQconnectdbParams(keywords, values, 1));
    if (connection && PQstatus(connection.get()) == CONNECTION_OK) return connection;
    const std::string reason =
        FirstLine(connection ? PQerrorMessage(connection.get()) : "no memory");
    if (Clock::now() + kRetry >= deadline) {
      return Fail(ErrorCode::kUnavailable, "the database did not answer within " +
                                               std::to_string(options.wait.count()) +
                                               " s: " + reason);
    }
    if (!told) sb::log::Info("waiting for the database", {{"reason", reason}});
    std::this_thread::sleep_for(kRetry);
  }
}

Expected<Result> Run(PGconn* connection, const char* sql,
                     std::initializer_list<const char*> values = {}) {
  Result result(values.size() == 0 ? PQexec(connection, sql)
                                   : PQexecParams(connection, sql, static_cast<int>(values.size()),
                                                  nullptr, values.begin(), nullptr, nullptr, 0));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  return Fail(ErrorCode::kInternal, Reason(result.get()));
}

Expected<std::vector<Applied>> ReadApplied(PGconn* connection) {
  const Expected<Result> exists =
      Run(connection, "SELECT to_regclass('schema_migrations') IS NOT NULL");
  if (!exists) return tl::unexpected<sb::Error>(exists.error());
  std::vector<Applied> applied;
  if (PQgetvalue(exists->get(), 0, 0)[0] != 't') return applied;
  const Expected<Result> rows =
      Run(connection, "SELECT name, checksum FROM schema_migrations ORDER BY name");
  if (!rows) return tl::unexpected<sb::Error>(rows.error());
  for (int row = 0; row < PQntuples(rows->get()); ++row) {
    applied.push_back({PQgetvalue(rows->get(), row, 0), PQgetvalue(rows->get(), row, 1)});
  }
  return applied;
}

Expected<void> Apply(PGconn* connection, const Migration& migration) {
  const std::string name(migration.name);
  const std::string checksum = ChecksumOf(migration);
  const std::string sql(migration.sql);
  Expected<Result> step = Run(connection, "BEGIN");
  if (step) step = Run(connection, sql.c_str());
  if (step) {
    step = Run(connection, "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
               {name.c_str(), checksum.c_str()});
  }
  if (step) step = Run(connection, "COMMIT");
  if (step) return {};
  std::string reason = step.error().message;
  (void)Run(connection, "ROLLBACK");  // the first error is the one to tell
  return Fail(ErrorCode::kInternal, "migration " + name + " failed: " + reason);
}

}  // namespace

Expected<int> Migrate(std::span<const Migration> all, const MigrateOptions& options) {
  Expected<Connection> connected = Connect(options);
  if (!connected) return tl::unexpected<sb::Error>(connected.error());
  PGconn* const connection = connected->get();

  const std::string limit = "SET lock_timeout = '" + std::to_string(options.wait.count()) + "s'";
  Expected<Result> step = Run(connection, limit.c_str());
  // A session's lock: it ends with the connection, also if this process is killed.
  if (step) step = Run(connection, "SELECT pg_advisory_lock($1::bigint)", {kLockKey});
  if (!step) {
    return Fail(ErrorCode::kUnavailable, "cannot take the migration lock: " + step.error().message);
  }
  const Expected<std::vector<Applied>> applied = ReadApplied(connection);
  if (!applied) {
    return Fail(applied.error().code, "cannot read schema_migrations: " + applied.error().message);
  }
  const Expected<std::vector<Migration>> pending = Pending(all, *applied);
  if (!pending) return tl::unexpected<sb::Error>(pending.error());

  if (options.dry_run) {
    for (const Migration& migration : *pending) {
      std::printf("-- %.*s\n%.*s\n", static_cast<int>(migration.name.size()), migration.name.data(),
                  static_cast<int>(migration.sql.size()), migration.sql.data());
    }
    return static_cast<int>(pending->size());
  }
  step = Run(
      connection,
      "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum text NOT NULL,"
      " applied_at timestamptz NOT NULL DEFAULT now())");
  if (!step) {
    return Fail(ErrorCode::kInternal, "cannot create schema_migrations: " + step.error().message);
  }
  for (const Migration& migration : *pending) {
    const Expected<void> done = Apply(connection, migration);
    if (!done) return tl::unexpected<sb::Error>(done.error());
    sb::log::Info("migration applied", {{"migration", migration.name}});
  }
  return static_cast<int>(pending->size());
}

}  // namespace todo::migrations
