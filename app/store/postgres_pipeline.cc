#include <boost/asio/post.hpp>
#include <functional>

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

asio::awaitable<Expected<Rows>> Postgres::Impl::Query(const Statement& statement,
                                                      Parameters parameters) {
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

void Postgres::Impl::Forget(const Statement& statement) {
  if (!ready() || sent_.size() >= options_.max_queued) return;
  Sent sent;
  sent.kind = Sent::Kind::kQuery;
  sent.statement = &statement;
  Send(std::move(sent));
}

void Postgres::Impl::PushSetup() {
  Sent setup;
  setup.kind = Sent::Kind::kSetup;
  sent_.push_back(std::move(setup));
}

void Postgres::Impl::Send(Sent sent) {
  const Statement& statement = *sent.statement;
  const bool alone = statement.writes || sent.resent;
  // Reads before it must not share its transaction; a BEGIN before it must.
  if (alone && !opened_) Sync();
  FlushBefore(statement);
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

// The server keeps answers back until a Sync: were this statement stuck, one before it would be
// taken for it.
void Postgres::Impl::FlushBefore(const Statement& statement) {
  const Statement* const before = std::exchange(last_, &statement);
  if (!unsynced_ || before == &statement || !options_.rescue) return;
  if (PQsendFlushRequest(connection_.get()) != 1) Break(ReasonOf(connection_.get()));
}

bool Postgres::Impl::Listed(const Statement& statement) const {
  const std::less<const Statement*> before;
  return !before(&statement, statements_.data()) &&
         before(&statement, statements_.data() + statements_.size());
}

void Postgres::Impl::Prepare(const Statement& statement) {
  if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) != 1) {
    return Break(ReasonOf(connection_.get()));
  }
  Sent prepare;
  prepare.kind = Sent::Kind::kPrepare;
  prepare.statement = &statement;
  sent_.push_back(std::move(prepare));
}

void Postgres::Impl::Sync() {
  if (!unsynced_) return;
  unsynced_ = false;
  if (PQpipelineSync(connection_.get()) != 1) {
    return Break(ReasonOf(connection_.get()));
  }
  sent_.emplace_back();
}

void Postgres::Impl::ScheduleFlush() {
  if (flush_posted_) return;
  flush_posted_ = true;
  asio::post(loop_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    if (self->connection_ && !self->broken_) self->Flush();
  });
}

void Postgres::Impl::Flush() {
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

void Postgres::Impl::Process() {
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
      done_.emplace_back(std::move(*sent.waiter), Fail(ErrorCode::kUnavailable, "database: lost"));
    } else {
      Send(std::move(sent));
    }
  }
}

void Postgres::Impl::Complete(Sent sent) {
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

void Postgres::Impl::LogFailed(const Statement& statement, const std::string& reason) {
  sb::log::Error("statement failed", {{"statement", statement.name}, {"error", reason}});
}

void Postgres::Impl::ResumeDone() {
  std::vector<std::pair<Waiter, Expected<Rows>>> done = std::move(done_);
  done_.clear();
  for (auto& [waiter, value] : done) waiter.Resume(std::move(value));
}

void Postgres::Impl::FailAll(ErrorCode code) {
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

void Postgres::Impl::Rescue() {
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

}  // namespace todo::store
