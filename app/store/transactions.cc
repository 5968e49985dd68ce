#include "app/store/transactions.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <vector>

#include "app/async/waiter.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;

constexpr Statement kBegin{.name = "begin", .sql = "BEGIN", .opens = true};
constexpr Statement kCommit{.name = "commit", .sql = "COMMIT", .writes = true};
constexpr Statement kRollback{.name = "rollback", .sql = "ROLLBACK", .writes = true};

constexpr std::chrono::milliseconds kTick{100};
// Longer than a ROLLBACK ever takes: a connection that does not answer it is not worth keeping.
constexpr std::chrono::milliseconds kRollbackWait{2'000};

// One connection and who has it.
struct Seat {
  Seat(asio::io_context& loop, const PostgresOptions& options) : connection(loop, options, {}) {}
  std::uint64_t generation() const {
    return connection.stats().connects.load(std::memory_order_relaxed);
  }

  Postgres connection;
  Clock::time_point until{};  // the lease's end
  bool started = false;
  bool leased = false;
};

}  // namespace

class Transactions::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, PostgresOptions options, int connections, TransactionLimits limits)
      : loop_(loop), options_(std::move(options)), limits_(limits), ticker_(loop) {
    options_.exclusive = true;
    options_.rescue = nullptr;
    // Who waits for a lock keeps a connection from others, who wait for nothing.
    options_.lock_timeout = limits.lock_timeout;
    options_.on_first_connected = nullptr;
    options_.on_connected = [this] { ScheduleHandOut(); };
    for (int i = 0; i < connections; ++i) seats_.push_back(std::make_unique<Seat>(loop, options_));
  }

  void Start() {
    StartOneMore();
    asio::co_spawn(loop_, Tick(shared_from_this()), asio::detached);
  }

  void Stop() {
    stopped_ = true;
    ticker_.cancel();
    for (const auto& seat : seats_) seat->connection.Stop();
    FailWaiting(ErrorCode::kCancelled, "database: stopped", Clock::time_point::max());
  }

  bool Connected() const {
    for (const auto& seat : seats_) {
      if (seat->connection.ready()) return true;
    }
    return false;
  }

  asio::awaitable<Expected<Seat*>> Take() {
    if (Seat* const free = waiting_.empty() ? Free() : nullptr) {
      Lend(*free);
      co_return free;
    }
    if (stopped_ || !Connected()) {
      co_return Fail(ErrorCode::kUnavailable, seats_.empty()
                                                  ? "database: POOL_SIZE leaves no connection for "
                                                    "transactions; set at least 2"
                                                  : "database: not connected");
    }
    if (waiting_.size() >= limits_.most_waiting) {
      stats.refused.fetch_add(1, std::memory_order_relaxed);
      co_return Fail(ErrorCode::kTooManyRequests, "database: too many transactions wait");
    }
    StartOneMore();
    auto taken = async::Waiter<Expected<Seat*>>::Wait([&](async::Waiter<Expected<Seat*>> waiter) {
      waiting_.push_back({std::move(waiter), Clock::now() + limits_.lease_wait});
      stats.waiting.store(waiting_.size(), std::memory_order_relaxed);
    });
    co_return co_await std::move(taken);
  }

  // `clean`: no transaction is open on it. Otherwise it is free again when the ROLLBACK is through.
  void Return(Seat& seat, std::uint64_t generation, bool clean) {
    if (!clean) stats.rolled_back.fetch_add(1, std::memory_order_relaxed);
    if (clean || stopped_ || seat.generation() != generation || !seat.connection.ready()) {
      seat.leased = false;
      stats.leased.fetch_sub(1, std::memory_order_relaxed);
      ScheduleHandOut();
      return;
    }
    seat.until = Clock::now() + kRollbackWait;
    asio::co_spawn(loop_, RollBack(shared_from_this(), seat, generation), asio::detached);
  }

  TransactionStats stats;
  std::vector<std::unique_ptr<Seat>> seats_;

 private:
  struct Waiting {
    async::Waiter<Expected<Seat*>> waiter;
    Clock::time_point until;
  };

  Seat* Free() const {
    for (const auto& seat : seats_) {
      if (!seat->leased && seat->connection.ready()) return seat.get();
    }
    return nullptr;
  }

  void Lend(Seat& seat) {
    seat.leased = true;
    seat.until = Clock::now() + limits_.most_held;
    stats.leased.fetch_add(1, std::memory_order_relaxed);
  }

  void StartOneMore() {
    for (const auto& seat : seats_) {
      if (seat->started) continue;
      seat->started = true;
      seat->connection.Start();
      return;
    }
  }

  static asio::awaitable<void> RollBack(std::shared_ptr<Impl> self, Seat& seat,
                                        std::uint64_t generation) {
    auto asked = seat.connection.Query(kRollback, {});
    const Expected<Rows> answer = co_await std::move(asked);
    if (!answer && seat.generation() == generation) {
      seat.connection.Reset("a transaction could not be rolled back");
    }
    self->Return(seat, generation, true);
  }

  // Not from within a destructor of somebody's Transaction: who waits runs at once.
  void ScheduleHandOut() {
    if (scheduled_ || stopped_) return;
    scheduled_ = true;
    asio::post(loop_, [self = shared_from_this()] {
      self->scheduled_ = false;
      self->HandOut();
    });
  }

  void HandOut() {
    while (!waiting_.empty()) {
      Seat* const free = Free();
      if (free == nullptr) return;
      Lend(*free);
      async::Waiter<Expected<Seat*>> waiter = std::move(waiting_.front().waiter);
      waiting_.pop_front();
      stats.waiting.store(waiting_.size(), std::memory_order_relaxed);
      waiter.Resume(free);
    }
  }

  void FailWaiting(ErrorCode code, const char* why, Clock::time_point until) {
    std::vector<Waiting> late;
    while (!waiting_.empty() && waiting_.front().until <= until) {
      late.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    stats.waiting.store(waiting_.size(), std::memory_order_relaxed);
    stats.refused.fetch_add(late.size(), std::memory_order_relaxed);
    for (Waiting& one : late) one.waiter.Resume(Fail(code, why));
  }

  static asio::awaitable<void> Tick(std::shared_ptr<Impl> self) {
    while (!self->stopped_) {
      boost::system::error_code ignored;
      self->ticker_.expires_after(kTick);
      auto tick = self->ticker_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_await std::move(tick);
      if (self->stopped_) co_return;
      const Clock::time_point now = Clock::now();
      for (const auto& seat : self->seats_) {
        if (seat->leased && now >= seat->until) {
          seat->until = Clock::time_point::max();
          seat->connection.Reset("a transaction took too long");
        }
      }
      if (!self->Connected()) {
        self->FailWaiting(ErrorCode::kUnavailable, "database: not connected",
                          Clock::time_point::max());
      }
      self->FailWaiting(ErrorCode::kDeadlineExceeded, "database: no connection became free", now);
    }
  }

  asio::io_context& loop_;
  PostgresOptions options_;
  const TransactionLimits limits_;
  asio::steady_timer ticker_;
  std::deque<Waiting> waiting_;
  bool scheduled_ = false;
  bool stopped_ = false;
};

// A connection for one statement: nothing is open on it afterwards.
struct Transactions::Loan {
  ~Loan() { owner->Return(seat, generation, true); }
  const std::shared_ptr<Impl> owner;
  Seat& seat;
  const std::uint64_t generation;
};

// What a Transaction holds; its end gives the connection back.
class Transaction::Lease {
 public:
  Lease(std::shared_ptr<Transactions::Impl> owner, Seat& seat)
      : owner_(std::move(owner)), seat_(seat), generation_(seat.generation()) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { owner_->Return(seat_, generation_, state_ == State::kNew || state_ == State::kDone); }

  asio::awaitable<Expected<Rows>> Query(const Statement& statement, Parameters parameters) {
    // A connection that was made anew meanwhile knows nothing of this transaction.
    if (state_ == State::kFailed || state_ == State::kDone || seat_.generation() != generation_) {
      state_ = State::kFailed;
      co_return Fail(ErrorCode::kUnavailable, "database: the transaction is over");
    }
    // Together with the statement behind it: if one cannot run, neither does.
    if (state_ == State::kNew) seat_.connection.Forget(kBegin);
    state_ = State::kFailed;  // also if this coroutine ends before the answer
    auto asked = seat_.connection.Query(statement, std::move(parameters));
    Expected<Rows> rows = co_await std::move(asked);
    if (rows) state_ = State::kOpen;
    co_return rows;
  }

  asio::awaitable<Expected<void>> Commit() {
    if (state_ == State::kNew) {
      state_ = State::kDone;
      co_return Expected<void>();
    }
    auto asked = Query(kCommit, {});
    const Expected<Rows> rows = co_await std::move(asked);
    if (!rows) co_return tl::unexpected(rows.error());
    state_ = State::kDone;
    // COMMIT of a transaction that failed succeeds, and says what it did.
    if (rows->command() != "COMMIT") {
      owner_->stats.rolled_back.fetch_add(1, std::memory_order_relaxed);
      co_return Fail(ErrorCode::kInternal, "database: the transaction was rolled back");
    }
    owner_->stats.committed.fetch_add(1, std::memory_order_relaxed);
    co_return Expected<void>();
  }

 private:
  enum class State { kNew, kOpen, kFailed, kDone };

  const std::shared_ptr<Transactions::Impl> owner_;
  Seat& seat_;
  const std::uint64_t generation_;
  State state_ = State::kNew;
};

Transaction::Transaction(std::unique_ptr<Lease> lease) : lease_(std::move(lease)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;
asio::awaitable<Expected<Rows>> Transaction::Query(const Statement& statement,
                                                   Parameters parameters) {
  return lease_->Query(statement, std::move(parameters));
}
asio::awaitable<Expected<void>> Transaction::Commit() { return lease_->Commit(); }

Transactions::Transactions(asio::io_context& loop, PostgresOptions options, int connections,
                           TransactionLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(options), connections, limits)) {}
Transactions::~Transactions() { impl_->Stop(); }

void Transactions::Start() { impl_->Start(); }
void Transactions::Stop() { impl_->Stop(); }

asio::awaitable<Expected<Transaction>> Transactions::Begin() {
  auto taken = impl_->Take();
  Expected<Seat*> seat = co_await std::move(taken);
  if (!seat) co_return tl::unexpected(std::move(seat.error()));
  co_return Transaction(std::make_unique<Transaction::Lease>(impl_, **seat));
}

bool Transactions::connected() const { return impl_->Connected(); }

asio::awaitable<Expected<Rows>> Transactions::Alone(const Statement& statement,
                                                    Parameters parameters) {
  auto taken = impl_->Take();
  const Expected<Seat*> seat = co_await std::move(taken);
  if (!seat) co_return tl::unexpected(seat.error());
  const Loan loan{impl_, **seat, (*seat)->generation()};
  auto asked = (*seat)->connection.Query(statement, std::move(parameters));
  co_return co_await std::move(asked);
}

const TransactionStats& Transactions::stats() const { return impl_->stats; }
std::vector<const PostgresStats*> Transactions::connections() const {
  std::vector<const PostgresStats*> stats;
  for (const auto& seat : impl_->seats_) stats.push_back(&seat->connection.stats());
  return stats;
}

}  // namespace todo::store
