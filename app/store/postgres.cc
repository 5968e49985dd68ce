#include "app/store/postgres.h"

#include <libpq-fe.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_set>
#include <vector>

#include "app/async/backoff.h"
#include "app/store/dialer.h"
#include "app/store/errors.h"
#include "app/store/sent.h"
#include "app/store/throttle.h"
#include "common/log.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sb::Error;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;
using Descriptor = asio::posix::stream_descriptor;
using Waiter = RowsWaiter;

constexpr std::chrono::milliseconds kTick{100};
// The server cancels at query_timeout; if that does not arrive either, the connection is dead.
constexpr std::chrono::seconds kDeadAfter{2};

}  // namespace

class Postgres::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, PostgresOptions options, std::span<const Statement> statements)
      : loop_(loop),
        options_(std::move(options)),
        statements_(statements),
        socket_(loop),
        ticker_(loop),
        pause_(loop),
        dialer_(loop) {}
  ~Impl() { CloseConnection(); }

  void Start() {
    asio::co_spawn(loop_, Run(shared_from_this()), asio::detached);
    asio::co_spawn(loop_, Tick(shared_from_this()), asio::detached);
  }

  void Stop() {
    stopped_ = true;
    error_code ignored;
    ticker_.cancel();
    pause_.cancel();
    dialer_.Cancel();
    Break("stopped");
  }

  asio::awaitable<Expected<Rows>> Query(const Statement& statement, Parameters parameters) {
    if (!ready_ || stopped_) co_return Fail(ErrorCode::kUnavailable, "database: not connected");
    if (sent_.size() >= options_.max_queued) {
      stats.rejected.fetch_add(1, std::memory_order_relaxed);
      co_return Fail(ErrorCode::kTooManyRequests, "database: queue is full");
    }
    if (!throttle_.Allow(statement, Clock::now())) {
      stats.throttled.fetch_add(1, std::memory_order_relaxed);
      co_return Fail(ErrorCode::kUnavailable, "database: the statement ran out of time too often");
    }
    stats.queries.fetch_add(1, std::memory_order_relaxed);
    co_return co_await Waiter::Wait([&](Waiter waiter) {
      Sent sent;
      sent.kind = Sent::Kind::kQuery;
      sent.statement = &statement;
      sent.parameters = std::move(parameters);
      sent.waiter.emplace(std::move(waiter));
      Send(std::move(sent));
    });
  }

  void Forget(const Statement& statement) {
    if (!ready() || sent_.size() >= options_.max_queued) return;
    Sent sent;
    sent.kind = Sent::Kind::kQuery;
    sent.statement = &statement;
    Send(std::move(sent));
  }

  const Statement& statement(std::size_t position) const { return statements_[position]; }
  bool busy() const { return !sent_.empty(); }
  const Statement* stalled_on() const { return stalled_on_; }
  bool ready() const { return ready_ && !broken_ && !stopped_; }

  void Break(std::string reason) {
    if (broken_) return;
    broken_ = true;
    broken_reason_ = std::move(reason);
    error_code ignored;
    if (socket_.is_open()) socket_.cancel(ignored);
  }

  PostgresStats stats;

 private:
  static asio::awaitable<void> Run(std::shared_ptr<Impl> self) { co_await self->RunUntilStopped(); }

  asio::awaitable<void> RunUntilStopped() {
    async::Backoff backoff(options_.backoff_first, options_.backoff_most);
    bool told = false;
    while (!stopped_) {
      SetCircuit(Circuit::kHalfOpen);
      const Expected<void> connected = co_await Connect();
      if (connected) {
        co_await Serve();
        if (was_ready_) {
          backoff.Reset();
          told = false;
        }
      } else if (broken_reason_.empty()) {
        broken_reason_ = connected.error().message;
      }
      if (!told && !stopped_) {
        sb::log::Warning("database is away, reconnecting", {{"reason", broken_reason_}});
        told = true;
      }
      SetCircuit(Circuit::kOpen);
      CloseConnection();
      FailAll(stopped_ ? ErrorCode::kCancelled : ErrorCode::kUnavailable);
      if (stopped_) co_return;
      error_code ignored;
      pause_.expires_after(backoff.Next());
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  asio::awaitable<Expected<void>> Connect() {
    broken_ = false;
    broken_reason_.clear();
    was_ready_ = false;
    Expected<Connection> dialled = co_await dialer_.Dial(options_.url, options_.connect_timeout);
    if (!dialled) co_return tl::unexpected<Error>(dialled.error());
    connection_ = std::move(*dialled);
    error_code failed;
    socket_.assign(PQsocket(connection_.get()), failed);
    if (failed) co_return Lost();
    co_return SetUp();
  }

  tl::unexpected<Error> Lost() {
    return Fail(ErrorCode::kUnavailable, ReasonOf(connection_.get()));
  }

  // Sends what makes a connection usable; Process sees the answers.
  Expected<void> SetUp() {
    PGconn* const c = connection_.get();
    if (PQsetnonblocking(c, 1) != 0 || PQenterPipelineMode(c) != 1) return Lost();
    const std::string timeout = "SELECT set_config('statement_timeout', '" +
                                std::to_string(options_.query_timeout.count()) +
                                "', false), set_config('idle_in_transaction_session_timeout', '" +
                                std::to_string(options_.idle_timeout.count()) +
                                "', false), set_config('lock_timeout', '" +
                                std::to_string(options_.lock_timeout.count()) + "', false)";
    bool sent =
        PQsendQueryParams(c, timeout.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
    PushSetup();
    for (const Statement& statement : statements_) {
      sent = sent && PQsendPrepare(c, statement.name, statement.sql, 0, nullptr) == 1;
      PushSetup();
    }
    if (!sent) return Lost();
    unsynced_ = true;
    Flush();
    return {};
  }

  void PushSetup() {
    Sent setup;
    setup.kind = Sent::Kind::kSetup;
    sent_.push_back(std::move(setup));
  }

  void CloseConnection() {
    ready_ = false;
    stats.connected.store(false, std::memory_order_relaxed);
    if (socket_.is_open()) socket_.release();  // libpq closes it
    connection_.reset();
    prepared_.clear();
    stalled_on_ = nullptr;
    unsynced_ = opened_ = false;
    waits_for_write_ = false;
  }

  void Send(Sent sent) {
    const Statement& statement = *sent.statement;
    const bool alone = statement.writes || sent.resent;
    // Reads before it must not share its transaction; a BEGIN before it must.
    if (alone && !opened_) Sync();
    opened_ = statement.opens;
    if (!Listed(statement) && prepared_.insert(statement.name).second) Prepare(statement);
    const bool accepted = SendPrepared(connection_.get(), statement.name, sent.parameters);
    sent_.push_back(std::move(sent));
    stats.queued.store(sent_.size(), std::memory_order_relaxed);
    if (!accepted) return Break(ReasonOf(connection_.get()));
    unsynced_ = true;
    if (alone) Sync();
    ScheduleFlush();
  }

  bool Listed(const Statement& statement) const {
    const std::less<const Statement*> before;
    return !before(&statement, statements_.data()) &&
           before(&statement, statements_.data() + statements_.size());
  }

  void Prepare(const Statement& statement) {
    if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) != 1) {
      return Break(ReasonOf(connection_.get()));
    }
    Sent prepare;
    prepare.kind = Sent::Kind::kPrepare;
    prepare.statement = &statement;
    sent_.push_back(std::move(prepare));
  }

  void Sync() {
    if (!unsynced_) return;
    unsynced_ = false;
    if (PQpipelineSync(connection_.get()) != 1) {
      return Break(ReasonOf(connection_.get()));
    }
    sent_.emplace_back();
  }

  // Once a loop turn, after everybody who runs in it has sent.
  void ScheduleFlush() {
    if (flush_posted_) return;
    flush_posted_ = true;
    asio::post(loop_, [self = shared_from_this()] {
      self->flush_posted_ = false;
      if (self->connection_ && !self->broken_) self->Flush();
    });
  }

  void Flush() {
    Sync();
    if (broken_) return;
    const int left = PQflush(connection_.get());
    if (left < 0) return Break(ReasonOf(connection_.get()));
    if (left == 0 || waits_for_write_) return;
    // The server may have stopped reading until we read its answers: Serve does, all the while.
    waits_for_write_ = true;
    socket_.async_wait(Descriptor::wait_write, [self = shared_from_this()](error_code failed) {
      if (failed) return;
      self->waits_for_write_ = false;
      if (self->connection_ && !self->broken_) self->Flush();
    });
  }

  asio::awaitable<void> Serve() {
    while (!broken_ && !stopped_) {
      error_code failed;
      co_await socket_.async_wait(Descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, failed));
      if (failed || broken_ || stopped_) co_return;
      const bool readable = PQconsumeInput(connection_.get()) == 1;
      Process();
      if (!readable || PQstatus(connection_.get()) == CONNECTION_BAD) {
        Break(ReasonOf(connection_.get()));
      }
      ResumeDone();
    }
  }

  void Process() {
    int nothing = 0;  // answers that were none, in a row
    while (!sent_.empty() && nothing < 2 && PQisBusy(connection_.get()) == 0) {
      PGresult* const result = PQgetResult(connection_.get());
      Sent& front = sent_.front();
      if (result == nullptr) {
        ++nothing;
        if (front.result == nullptr) continue;
        nothing = 0;
        Complete(std::move(front));
        sent_.pop_front();
      } else if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        nothing = 0;
        PQclear(result);
        sent_.pop_front();
        if (setting_up() && !broken_ && !ready_) BecomeReady();
      } else if (front.result == nullptr) {
        nothing = 0;
        front.result = result;
      } else {
        nothing = 0;
        PQclear(result);
      }
    }
    stats.queued.store(sent_.size(), std::memory_order_relaxed);
    // Reads that shared their transaction with one that failed: once more, each alone.
    std::vector<Sent> again = std::move(resend_);
    resend_.clear();
    for (Sent& sent : again) {
      if (broken_) {
        done_.emplace_back(std::move(*sent.waiter),
                           Fail(ErrorCode::kUnavailable, "database: lost"));
      } else {
        Send(std::move(sent));
      }
    }
  }

  bool setting_up() const { return !was_ready_; }

  void BecomeReady() {
    ready_ = was_ready_ = true;
    SetCircuit(Circuit::kClosed);
    stats.connected.store(true, std::memory_order_relaxed);
    const bool first = stats.connects.fetch_add(1, std::memory_order_relaxed) == 0;
    sb::log::Info("database connected");
    if (first && options_.on_first_connected) options_.on_first_connected();
    if (options_.on_connected) options_.on_connected();
  }

  enum class Circuit : std::uint64_t { kClosed, kOpen, kHalfOpen };
  void SetCircuit(Circuit circuit) {
    stats.circuit.store(static_cast<std::uint64_t>(circuit), std::memory_order_relaxed);
  }

  void Complete(Sent sent) {
    if (stalled_on_ != nullptr && sent.kind == Sent::Kind::kQuery) stalled_on_ = nullptr;
    PGresult* const result = std::exchange(sent.result, nullptr);
    const ExecStatusType status = PQresultStatus(result);
    const bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (sent.kind == Sent::Kind::kSetup) {
      if (!good && status != PGRES_PIPELINE_ABORTED) Break(ReasonOf(result));
      PQclear(result);
      return;
    }
    if (sent.kind == Sent::Kind::kPrepare && !good) {
      prepared_.erase(sent.statement->name);
      if (status != PGRES_PIPELINE_ABORTED) LogFailed(*sent.statement, ReasonOf(result));
    }
    if (!sent.waiter) {
      PQclear(result);
      return;
    }
    if (good) {
      throttle_.Succeeded(*sent.statement);
      done_.emplace_back(std::move(*sent.waiter), Rows(result));
      return;
    }
    if (status == PGRES_PIPELINE_ABORTED && !sent.resent && !sent.statement->writes &&
        !options_.exclusive) {
      PQclear(result);
      sent.resent = true;
      resend_.push_back(std::move(sent));
      return;
    }
    stats.errors.fetch_add(1, std::memory_order_relaxed);
    Error error = ErrorOf(result);
    PQclear(result);
    throttle_.Failed(*sent.statement, error.code, Clock::now());
    if (error.code == ErrorCode::kInternal) LogFailed(*sent.statement, error.message);
    done_.emplace_back(std::move(*sent.waiter), tl::unexpected<Error>(std::move(error)));
  }

  static void LogFailed(const Statement& statement, const std::string& reason) {
    sb::log::Error("statement failed", {{"statement", statement.name}, {"error", reason}});
  }

  // Coroutines run in here and send anew, so everything they touch is settled before.
  void ResumeDone() {
    std::vector<std::pair<Waiter, Expected<Rows>>> done = std::move(done_);
    done_.clear();
    for (auto& [waiter, value] : done) waiter.Resume(std::move(value));
  }

  void FailAll(ErrorCode code) {
    std::deque<Sent> sent = std::move(sent_);
    sent_.clear();
    for (Sent& one : resend_) sent.push_back(std::move(one));
    resend_.clear();
    stats.queued.store(0, std::memory_order_relaxed);
    for (Sent& one : sent) {
      if (one.result != nullptr) PQclear(one.result);
      if (one.waiter) {
        done_.emplace_back(std::move(*one.waiter), Fail(code, "database: connection lost"));
      }
    }
    ResumeDone();
  }

  static asio::awaitable<void> Tick(std::shared_ptr<Impl> self) {
    while (!self->stopped_) {
      error_code ignored;
      self->ticker_.expires_after(kTick);
      co_await self->ticker_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (!self->stopped_) self->EndLate(Clock::now());
    }
  }

  void EndLate(Clock::time_point now) {
    dialer_.EndLate(now);
    for (Sent& sent : sent_) {
      if (now - sent.since < options_.query_timeout) break;  // in order of age
      if (!sent.waiter) continue;
      done_.emplace_back(std::move(*sent.waiter),
                         Fail(ErrorCode::kDeadlineExceeded, "database: no answer in time"));
      throttle_.Failed(*sent.statement, ErrorCode::kDeadlineExceeded, now);
      sent.waiter.reset();
      stats.errors.fetch_add(1, std::memory_order_relaxed);
    }
    if (!sent_.empty() && now - sent_.front().since >= options_.query_timeout + kDeadAfter) {
      Break("the server does not answer");
    }
    stats.throttled_statements.store(throttle_.open(), std::memory_order_relaxed);
    if (ready_ && !sent_.empty() && now - sent_.front().since >= options_.stall_after) Rescue();
    ResumeDone();
  }

  void Rescue() {
    stalled_on_ = sent_.front().statement;  // null: of a Sync that is still to come
    if (stalled_on_ == nullptr || !options_.rescue) return;
    std::vector<Sent> reads;
    for (Sent& sent : sent_) {
      if (!sent.waiter || sent.statement == stalled_on_ || sent.statement->writes) continue;
      // Its answer is dropped when it comes.
      Sent& read = reads.emplace_back();
      read.statement = sent.statement;
      read.parameters = std::move(sent.parameters);
      read.waiter.emplace(std::move(*sent.waiter));
      sent.waiter.reset();
    }
    stats.rescued.fetch_add(reads.size(), std::memory_order_relaxed);
    for (Sent& read : reads) {
      options_.rescue(*read.statement, std::move(read.parameters), std::move(*read.waiter));
    }
  }

  asio::io_context& loop_;
  const PostgresOptions options_;
  const std::span<const Statement> statements_;
  Connection connection_;
  Descriptor socket_;
  asio::steady_timer ticker_;
  asio::steady_timer pause_;
  Dialer dialer_;

  std::deque<Sent> sent_;
  std::vector<Sent> resend_;
  std::unordered_set<std::string_view> prepared_;  // of those that are not in statements_
  std::vector<std::pair<Waiter, Expected<Rows>>> done_;
  Throttle throttle_;
  const Statement* stalled_on_ = nullptr;
  std::string broken_reason_;
  bool ready_ = false;
  bool was_ready_ = false;
  bool broken_ = false;
  bool stopped_ = false;
  bool unsynced_ = false;
  bool opened_ = false;  // a BEGIN was sent last, without a Sync
  bool flush_posted_ = false;
  bool waits_for_write_ = false;
};

Postgres::Postgres(asio::io_context& loop, PostgresOptions options,
                   std::span<const Statement> statements)
    : impl_(std::make_shared<Impl>(loop, std::move(options), statements)) {}
Postgres::~Postgres() { impl_->Stop(); }

void Postgres::Start() { impl_->Start(); }
void Postgres::Stop() { impl_->Stop(); }
asio::awaitable<Expected<Rows>> Postgres::Query(std::size_t statement, Parameters parameters) {
  return impl_->Query(impl_->statement(statement), std::move(parameters));
}
asio::awaitable<Expected<Rows>> Postgres::Query(const Statement& statement, Parameters parameters) {
  return impl_->Query(statement, std::move(parameters));
}
void Postgres::Forget(const Statement& statement) { impl_->Forget(statement); }
bool Postgres::busy() const { return impl_->busy(); }
const Statement* Postgres::stalled_on() const { return impl_->stalled_on(); }
bool Postgres::ready() const { return impl_->ready(); }
void Postgres::Reset(std::string reason) { impl_->Break(std::move(reason)); }
const PostgresStats& Postgres::stats() const { return impl_->stats; }

}  // namespace todo::store
