#include "app/store/replica.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/store/statements.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::Expected;
using Clock = std::chrono::steady_clock;

constexpr Statement kReplayed{
    .name = "replayed",
    .sql =
        "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
        " ELSE pg_current_wal_lsn() END, '0/0')::bigint"};
constexpr Statement kWritten{.name = "written",
                             .sql = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"};

Lsn FirstOf(const Rows& rows) {
  Lsn lsn = 0;
  if (rows.empty()) return lsn;
  const std::string_view digits = rows.text(0, 0);
  std::from_chars(digits.data(), digits.data() + digits.size(), lsn);
  return lsn;
}

}  // namespace

class Replica::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, PostgresOptions options, Postgres& primary, ReplicaLimits limits)
      : loop_(loop),
        primary_(primary),
        limits_(limits),
        timer_(loop),
        connection(loop, std::move(options), Statements()) {}

  void Start() {
    connection.Start();
    asio::co_spawn(loop_, Watch(shared_from_this()), asio::detached);
  }
  void Stop() {
    stopped_ = true;
    timer_.cancel();
    connection.Stop();
  }

  bool Has(Lsn at_least) {
    if (!usable_ || !connection.ready() || connection.stalled_on() != nullptr) {
      stats.unavailable.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (replayed_ < at_least) {
      stats.behind.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    stats.reads.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

 private:
  static asio::awaitable<void> Watch(std::shared_ptr<Impl> self) {
    while (!self->stopped_) {
      boost::system::error_code ignored;
      self->timer_.expires_after(self->limits_.every);
      auto tick = self->timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_await std::move(tick);
      if (self->stopped_) co_return;
      // Each on its own: one that hangs must not keep us from noticing it.
      if (!self->asking_replica_) asio::co_spawn(self->loop_, AskReplica(self), asio::detached);
      if (!self->asking_primary_) asio::co_spawn(self->loop_, AskPrimary(self), asio::detached);
      self->Judge(Clock::now());
    }
  }

  static asio::awaitable<void> AskReplica(std::shared_ptr<Impl> self) {
    self->asking_replica_ = true;
    auto asked = self->connection.Query(kReplayed, {});
    const Expected<Rows> rows = co_await std::move(asked);
    self->asking_replica_ = false;
    if (!rows) co_return;
    self->replayed_ = FirstOf(*rows);
    self->heard_ = Clock::now();
    self->Judge(self->heard_);
  }

  static asio::awaitable<void> AskPrimary(std::shared_ptr<Impl> self) {
    self->asking_primary_ = true;
    auto asked = self->primary_.Query(kWritten, {});
    const Expected<Rows> rows = co_await std::move(asked);
    self->asking_primary_ = false;
    if (rows) self->written_ = FirstOf(*rows);
  }

  void Judge(Clock::time_point now) {
    const Lsn lag = written_ > replayed_ ? written_ - replayed_ : 0;
    // Nobody knows how far behind it is before the primary has been heard once.
    usable_ = replayed_ != 0 && written_ != 0 && now - heard_ <= limits_.most_silence &&
              lag <= limits_.most_lag_bytes;
    stats.lag_bytes.store(lag, std::memory_order_relaxed);
    stats.usable.store(usable_ && connection.ready(), std::memory_order_relaxed);
  }

  asio::io_context& loop_;
  Postgres& primary_;
  const ReplicaLimits limits_;
  asio::steady_timer timer_;
  Lsn replayed_ = 0, written_ = 0;
  Clock::time_point heard_{};
  bool usable_ = false, stopped_ = false;
  bool asking_replica_ = false, asking_primary_ = false;

 public:
  Postgres connection;
  ReplicaStats stats;
};

Replica::Replica(asio::io_context& loop, PostgresOptions options, Postgres& primary,
                 ReplicaLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(options), primary, limits)) {}
Replica::~Replica() { impl_->Stop(); }

void Replica::Start() { impl_->Start(); }
void Replica::Stop() { impl_->Stop(); }
bool Replica::Has(Lsn at_least) { return impl_->Has(at_least); }
Postgres& Replica::connection() { return impl_->connection; }
const Postgres& Replica::connection() const { return impl_->connection; }
const ReplicaStats& Replica::stats() const { return impl_->stats; }

}  // namespace todo::store
