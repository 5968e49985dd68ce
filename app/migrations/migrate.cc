#include "app/migrations/migrate.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "app/migrations/history.h"
#include "app/migrations/session.h"
#include "app/migrations/sql_statements.h"
#include "common/log.h"

namespace todo::migrations {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;

// Any number that no other program takes in this database.
constexpr const char* kLockKey = "7305808872301";
constexpr std::chrono::milliseconds kLockPoll{200};
constexpr std::chrono::milliseconds kPauseBetweenTries{500};

// A session's lock: it ends with the connection, also if this process is killed. Asked for again
// and again instead of waited for: a statement that waits is a transaction, and CREATE INDEX
// CONCURRENTLY waits for those, so two of us would wait for each other.
Expected<void> TakeLock(Session& session, std::chrono::seconds wait) {
  const auto deadline = Clock::now() + wait;
  for (bool told = false;; told = true) {
    const Expected<Result> taken =
        session.Run("SELECT pg_try_advisory_lock($1::bigint)", {kLockKey});
    if (!taken) {
      return Fail(ErrorCode::kUnavailable,
                  "cannot take the migration lock: " + taken.error().message);
    }
    if (taken->text(0, 0) == "t") return {};
    if (Clock::now() + kLockPoll >= deadline) {
      return Fail(ErrorCode::kUnavailable,
                  "another migration has held the lock for " + std::to_string(wait.count()) +
                      " s; wait for it, or end its session (application_name todo-migrate)");
    }
    if (!told) sb::log::Info("waiting for another migration");
    std::this_thread::sleep_for(kLockPoll);
  }
}

Expected<void> ApplyInTransaction(Session& session, const Migration& migration,
                                  const MigrateOptions& options) {
  Expected<Result> step = session.Run("BEGIN");
  if (step) {
    step = session.Run(
        "SET LOCAL lock_timeout = " + std::to_string(options.lock_timeout.count()) +
        "; SET LOCAL statement_timeout = " + std::to_string(options.statement_timeout.count()));
  }
  if (step) step = session.Run(std::string(migration.sql));
  Expected<void> added;
  if (step) added = AddToHistory(session, migration);
  if (step && added) step = session.Run("COMMIT");
  if (step && added) return {};
  const sb::Error error = step ? added.error() : step.error();
  (void)session.Run("ROLLBACK");  // the first error is the one to tell
  return tl::unexpected<sb::Error>(error);
}

// The index that a CREATE INDEX CONCURRENTLY makes, as written; "" for anything else.
std::string IndexMadeBy(const SqlStatement& statement) {
  const auto& words = statement.words;
  if (words.empty() || words[0] != "CREATE") return "";
  auto at = std::find(words.begin(), words.end(), "CONCURRENTLY");
  if (at == words.end() || ++at == words.end()) return "";
  if (*at == "IF") at += std::min<std::ptrdiff_t>(3, words.end() - at);  // IF NOT EXISTS
  return at == words.end() ? "" : *at;
}

// A name as to_regclass takes it: words are upper case here and lower case there.
std::string Folded(std::string name) {
  if (name.starts_with('"')) return name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

// What stays when such a statement is interrupted is an index that is written and never read: it is
// dropped and built again. One that is whole was built by a process that died before it could say
// so.
Expected<void> ApplyWithoutTransaction(Session& session, const Migration& migration) {
  const std::vector<SqlStatement> statements = SplitSql(migration.sql);
  if (statements.size() != 1) {
    return Fail(ErrorCode::kInvalidArgument, "no-transaction needs exactly one statement");
  }
  // Takes no lock that traffic waits for, and may take hours.
  Expected<Result> step = session.Run("SET lock_timeout = 0; SET statement_timeout = 0");
  bool whole = false;
  const std::string index = Folded(IndexMadeBy(statements[0]));
  if (step && !index.empty()) {
    step =
        session.Run("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", {index});
    if (step && step->size() == 1) {
      whole = step->text(0, 0) == "t";
      if (!whole) {
        sb::log::Warning("an index was left unfinished, it is built again", {{"index", index}});
        step = session.Run("DROP INDEX CONCURRENTLY " + index);
      }
    }
  }
  if (step && !whole) step = session.Run(std::string(statements[0].text));
  if (!step) return tl::unexpected<sb::Error>(step.error());
  return AddToHistory(session, migration);
}

Expected<void> Apply(Session& session, const Migration& migration, const MigrateOptions& options) {
  const bool transaction = !DirectivesOf(migration.sql).no_transaction;
  const auto deadline = Clock::now() + options.wait;
  for (bool told = false;; told = true) {
    const Expected<void> done = transaction ? ApplyInTransaction(session, migration, options)
                                            : ApplyWithoutTransaction(session, migration);
    if (done) return {};
    const bool again = done.error().code == ErrorCode::kDeadlineExceeded &&
                       done.error().message.find("lock timeout") != std::string::npos &&
                       Clock::now() + kPauseBetweenTries < deadline;
    if (!again) {
      return Fail(done.error().code,
                  "migration " + std::string(migration.name) + " failed: " + done.error().message);
    }
    if (!told) {
      sb::log::Info("a table is in use, trying again so that nobody waits behind this migration",
                    {{"migration", migration.name}});
    }
    std::this_thread::sleep_for(kPauseBetweenTries);
  }
}

void Print(const Migration& migration) {
  std::printf("-- %.*s\n%.*s\n", static_cast<int>(migration.name.size()), migration.name.data(),
              static_cast<int>(migration.sql.size()), migration.sql.data());
}

}  // namespace

Expected<int> Migrate(std::span<const Migration> all, const MigrateOptions& options) {
  Expected<Session> session = Session::Connect(options.url, options.wait);
  if (!session) return tl::unexpected<sb::Error>(session.error());
  if (!options.dry_run) {
    const Expected<void> locked = TakeLock(*session, options.wait);
    if (!locked) return tl::unexpected<sb::Error>(locked.error());
  }
  const Expected<std::vector<Applied>> applied = ReadHistory(*session);
  if (!applied) return tl::unexpected<sb::Error>(applied.error());
  const Expected<std::vector<Migration>> pending = Pending(all, *applied);
  if (!pending) return tl::unexpected<sb::Error>(pending.error());
  if (options.dry_run) {
    for (const Migration& migration : *pending) Print(migration);
    return static_cast<int>(pending->size());
  }
  const Expected<void> history = CreateHistory(*session);
  if (!history) return tl::unexpected<sb::Error>(history.error());
  for (const Migration& migration : *pending) {
    const Expected<void> done = Apply(*session, migration, options);
    if (!done) return tl::unexpected<sb::Error>(done.error());
    sb::log::Info("migration applied", {{"migration", migration.name}});
  }
  return static_cast<int>(pending->size());
}

}  // namespace todo::migrations
