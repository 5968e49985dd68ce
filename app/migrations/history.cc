#include "app/migrations/history.h"

namespace todo::migrations {

using sb::Expected;
using sb::Fail;

Expected<std::vector<Applied>> ReadHistory(Session& session) {
  const auto failed = [](const sb::Error& error) {
    return Fail(error.code, "cannot read schema_migrations: " + error.message);
  };
  const Expected<Result> exists =
      session.Run("SELECT to_regclass('schema_migrations') IS NOT NULL");
  if (!exists) return failed(exists.error());
  std::vector<Applied> applied;
  if (exists->text(0, 0) != "t") return applied;
  const Expected<Result> rows =
      session.Run("SELECT name, checksum FROM schema_migrations ORDER BY name");
  if (!rows) return failed(rows.error());
  for (int row = 0; row < rows->size(); ++row) {
    applied.push_back({rows->text(row, 0), rows->text(row, 1)});
  }
  return applied;
}

Expected<void> CreateHistory(Session& session) {
  const Expected<Result> made = session.Run(
      "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum text NOT NULL,"
      " applied_at timestamptz NOT NULL DEFAULT now())");
  if (made) return {};
  return Fail(made.error().code, "cannot create schema_migrations: " + made.error().message);
}

Expected<void> AddToHistory(Session& session, const Migration& migration) {
  const Expected<Result> added =
      session.Run("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
                  {std::string(migration.name), ChecksumOf(migration)});
  if (!added) return tl::unexpected<sb::Error>(added.error());
  return {};
}

}  // namespace todo::migrations
