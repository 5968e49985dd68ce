#include "app/store/postgres.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/async/backoff.h"
#include "app/store/postgres_impl.h"
#include "common/log.h"

namespace todo::store {

namespace asio = boost::asio;
using boost::system::error_code;
using sb::Error;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr std::chrono::milliseconds kTick{100};
// The server cancels at query_timeout; if that does not arrive either, the connection is dead.
constexpr std::chrono::seconds kDeadAfter{2};

}  // namespace

void Postgres::Impl::Start() {
  asio::co_spawn(loop_, Run(shared_from_this()), asio::detached);
  asio::co_spawn(loop_, Tick(shared_from_this()), asio::detached);
}

void Postgres::Impl::Stop() {
  stopped_ = true;
  error_code ignored;
  ticker_.cancel();
  pause_.cancel();
  dialer_.Cancel();
  Break("stopped");
}

void Postgres::Impl::Break(std::string reason) {
  if (broken_) return;
  broken_ = true;
  broken_reason_ = std::move(reason);
  error_code ignored;
  if (socket_.is_open()) socket_.cancel(ignored);
}

asio::awaitable<void> Postgres::Impl::Run(std::shared_ptr<Impl> self) {
  co_await self->RunUntilStopped();
}

asio::awaitable<void> Postgres::Impl::RunUntilStopped() {
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

asio::awaitable<Expected<void>> Postgres::Impl::Connect() {
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

tl::unexpected<Error> Postgres::Impl::Lost() {
  return Fail(ErrorCode::kUnavailable, ReasonOf(connection_.get()));
}

Expected<void> Postgres::Impl::SetUp() {
  PGconn* const c = connection_.get();
  if (PQsetnonblocking(c, 1) != 0 || PQenterPipelineMode(c) != 1) return Lost();
  const std::string timeout =
      "SELECT set_config('statement_timeout', '" + std::to_string(options_.query_timeout.count()) +
      "', false), set_config('idle_in_transaction_session_timeout', '" +
      std::to_string(options_.idle_timeout.count()) + "', false), set_config('lock_timeout', '" +
      std::to_string(options_.lock_timeout.count()) + "', false)";
  bool sent = PQsendQueryParams(c, timeout.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
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

void Postgres::Impl::CloseConnection() {
  ready_ = false;
  stats.connected.store(false, std::memory_order_relaxed);
  if (socket_.is_open()) socket_.release();  // libpq closes it
  connection_.reset();
  prepared_.clear();
  stalled_on_ = nullptr;
  unsynced_ = opened_ = false;
  waits_for_write_ = false;
}

asio::awaitable<void> Postgres::Impl::Serve() {
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

asio::awaitable<void> Postgres::Impl::Tick(std::shared_ptr<Impl> self) {
  while (!self->stopped_) {
    error_code ignored;
    self->ticker_.expires_after(kTick);
    co_await self->ticker_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!self->stopped_) self->EndLate(Clock::now());
  }
}

void Postgres::Impl::EndLate(Clock::time_point now) {
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

void Postgres::Impl::BecomeReady() {
  ready_ = was_ready_ = true;
  SetCircuit(Circuit::kClosed);
  stats.connected.store(true, std::memory_order_relaxed);
  const bool first = stats.connects.fetch_add(1, std::memory_order_relaxed) == 0;
  sb::log::Info("database connected");
  if (first && options_.on_first_connected) options_.on_first_connected();
  if (options_.on_connected) options_.on_connected();
}

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
