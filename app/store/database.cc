#include "app/store/database.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "app/store/sent.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::Expected;
using LsnBatcher = async::Batcher<std::int64_t, Lsn>;

// At least the commits that were answered before it was asked.
constexpr Statement kInserted{
    .name = "inserted",
    .sql = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"};

asio::awaitable<void> Rescue(Transactions& transactions, const Statement& statement,
                             Parameters parameters, RowsWaiter waiter) {
  auto asked = transactions.Alone(statement, std::move(parameters));
  Expected<Rows> rows = co_await std::move(asked);
  waiter.Resume(std::move(rows));
}

asio::awaitable<void> AskWritten(Postgres& primary, LsnBatcher::Batch batch) {
  auto asked = primary.Query(kInserted, {});
  const Expected<Rows> rows = co_await std::move(asked);
  Expected<Lsn> lsn = kPrimaryOnly;
  if (!rows) {
    lsn = tl::unexpected(rows.error());
  } else {
    const std::string_view digits = rows->text(0, 0);
    std::from_chars(digits.data(), digits.data() + digits.size(), *lsn);
  }
  for (auto& one : batch) one.waiter.Resume(lsn);
}

}  // namespace

Database::Database(asio::io_context& loop, const PostgresOptions& options, Connections connections,
                   TaskQueue& tasks, const std::string& replica_url)
    : loop_(loop),
      transactions_(loop, options, connections.transactions),
      reads_(loop, connections.transactions > 0 ? WithRescue(options) : options, Statements()) {
  if (connections.own_writes) writes_.emplace(loop, options, Statements());
  if (!replica_url.empty()) {
    PostgresOptions replica = options;
    replica.url = replica_url;
    replica.on_first_connected = nullptr;
    replica_.emplace(loop, std::move(replica), reads_);
    written_.emplace(
        loop, async::BatcherLimits{.most_questions = 2},
        [this](LsnBatcher::Batch batch) { return AskWritten(reads_, std::move(batch)); });
  }
  user_reads_.emplace(loop, [this](Parameters parameters, Lsn at_least) {
    return Read(kUsersByIds, std::move(parameters), at_least);
  });
  task_lists_.emplace(loop, [this](StatementId statement, Parameters parameters, Lsn at_least) {
    return Read(statement, std::move(parameters), at_least);
  });
  task_inserts_.emplace(loop, writes_ ? *writes_ : reads_, tasks);
}

PostgresOptions Database::WithRescue(PostgresOptions options) {
  options.rescue = [this](const Statement& statement, Parameters parameters, RowsWaiter waiter) {
    asio::co_spawn(loop_,
                   Rescue(transactions_, statement, std::move(parameters), std::move(waiter)),
                   asio::detached);
  };
  return options;
}

void Database::Start() {
  reads_.Start();
  if (writes_) writes_->Start();
  transactions_.Start();
  if (replica_) replica_->Start();
}

void Database::Stop() {
  reads_.Stop();
  if (writes_) writes_->Stop();
  transactions_.Stop();
  if (replica_) replica_->Stop();
}

asio::awaitable<Expected<Rows>> Database::Query(const Statement& statement, Parameters parameters) {
  Postgres& pipeline = writes_ && statement.writes ? *writes_ : reads_;
  const Statement* const stuck = pipeline.stalled_on();
  const bool behind_stuck = stuck != nullptr && stuck != &statement;
  // A write cannot be taken back from behind one that turns out to wait for a lock, so it does not
  // go there; several connections also share the flushes of the disk.
  const bool behind_write = statement.writes && pipeline.busy();
  if ((behind_stuck || behind_write) && transactions_.connected()) {
    return transactions_.Alone(statement, std::move(parameters));
  }
  return pipeline.Query(statement, std::move(parameters));
}

// The replica may end in the middle of it: then the primary is asked as if there had been none.
asio::awaitable<Expected<Rows>> Database::ReadReplica(StatementId statement,
                                                      Parameters parameters) {
  auto asked = replica_->connection().Query(statement, parameters);
  Expected<Rows> rows = co_await std::move(asked);
  if (rows) co_return rows;
  auto again = Query(statement, std::move(parameters));
  co_return co_await std::move(again);
}

Lsn Database::PointOf(std::int64_t user, std::string_view token) const {
  if (!replica_) return kPrimaryOnly;
  return std::max(LsnOf(token), RecentWrites::OfProcess().Of(user));
}

asio::awaitable<std::string> Database::Wrote(std::int64_t user) {
  if (!written_) co_return std::string();
  auto asked = written_->Ask(user);
  const Expected<Lsn> lsn = co_await std::move(asked);
  // Not known: then only the primary is sure to have it, for this process' life.
  const Lsn known = lsn ? *lsn : kPrimaryOnly;
  RecentWrites::OfProcess().Wrote(user, known);
  co_return TokenOf(known);
}

}  // namespace todo::store
