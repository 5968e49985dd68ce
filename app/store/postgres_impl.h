// What a Postgres is inside: postgres.cc is the life of its connection, postgres_pipeline.cc what
// is in flight on it. For these two only.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "app/store/dialer.h"
#include "app/store/errors.h"
#include "app/store/postgres.h"
#include "app/store/sent.h"
#include "app/store/throttle.h"
#include "common/error.h"

namespace todo::store {

class Postgres::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using Clock = std::chrono::steady_clock;
  using Waiter = RowsWaiter;

  Impl(boost::asio::io_context& loop, PostgresOptions options,
       std::span<const Statement> statements)
      : loop_(loop),
        options_(std::move(options)),
        statements_(statements),
        socket_(loop),
        ticker_(loop),
        pause_(loop),
        dialer_(loop) {}
  ~Impl() { CloseConnection(); }

  void Start();
  void Stop();
  boost::asio::awaitable<sb::Expected<Rows>> Query(const Statement& statement,
                                                   Parameters parameters);
  void Forget(const Statement& statement);

  const Statement& statement(std::size_t position) const { return statements_[position]; }
  bool busy() const { return !sent_.empty(); }
  const Statement* stalled_on() const { return stalled_on_; }
  bool ready() const { return ready_ && !broken_ && !stopped_; }

  // Ends the connection; RunUntilStopped makes the next one.
  void Break(std::string reason);

  PostgresStats stats;

 private:
  enum class Circuit : std::uint64_t { kClosed, kOpen, kHalfOpen };

  // ---- The connection's life: postgres.cc ----
  static boost::asio::awaitable<void> Run(std::shared_ptr<Impl> self);
  boost::asio::awaitable<void> RunUntilStopped();
  boost::asio::awaitable<sb::Expected<void>> Connect();
  tl::unexpected<sb::Error> Lost();
  // Sends what makes a connection usable; Process sees the answers.
  sb::Expected<void> SetUp();
  void CloseConnection();
  boost::asio::awaitable<void> Serve();
  static boost::asio::awaitable<void> Tick(std::shared_ptr<Impl> self);
  void EndLate(Clock::time_point now);
  void BecomeReady();
  bool setting_up() const { return !was_ready_; }
  void SetCircuit(Circuit circuit) {
    stats.circuit.store(static_cast<std::uint64_t>(circuit), std::memory_order_relaxed);
  }

  // ---- What is in flight: postgres_pipeline.cc ----
  void PushSetup();
  void Send(Sent sent);
  bool Listed(const Statement& statement) const;
  void Prepare(const Statement& statement);
  void Sync();
  void FlushBefore(const Statement& statement);
  // Once a loop turn, after everybody who runs in it has sent.
  void ScheduleFlush();
  void Flush();
  void Process();
  void Complete(Sent sent);
  static void LogFailed(const Statement& statement, const std::string& reason);
  // Coroutines run in here and send anew, so everything they touch is settled before.
  void ResumeDone();
  void FailAll(sb::ErrorCode code);
  // Reads behind a statement that is stuck are asked again elsewhere.
  void Rescue();

  boost::asio::io_context& loop_;
  const PostgresOptions options_;
  const std::span<const Statement> statements_;
  Connection connection_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer ticker_;
  boost::asio::steady_timer pause_;
  Dialer dialer_;

  std::deque<Sent> sent_;
  std::vector<Sent> resend_;
  std::unordered_set<std::string_view> prepared_;  // of those that are not in statements_
  std::vector<std::pair<Waiter, sb::Expected<Rows>>> done_;
  Throttle throttle_;
  const Statement* stalled_on_ = nullptr;
  const Statement* last_ = nullptr;  // sent; counts only while unsynced_
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

}  // namespace todo::store
