// Needs a database: TODO_TEST_DATABASE_URL, which app/tests/test_store.py sets. Skipped without.
#include "app/store/postgres.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/store/sent.h"

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::Expected;

constexpr Statement kEasy{.name = "easy", .sql = "SELECT 7"};
constexpr Statement kLocked{.name = "locked", .sql = "SELECT count(*) FROM locked_away"};

// A table that nobody can read until it is let go.
class Lock {
 public:
  explicit Lock(const char* url) : connection_(PQconnectdb(url), PQfinish) {
    EXPECT_TRUE(Do("CREATE TABLE IF NOT EXISTS locked_away (n bigint)"));
    EXPECT_TRUE(Do("BEGIN"));
    EXPECT_TRUE(Do("LOCK TABLE locked_away IN ACCESS EXCLUSIVE MODE"));
  }
  void Release() { EXPECT_TRUE(Do("COMMIT")); }

 private:
  bool Do(const char* sql) {
    PGresult* const result = PQexec(connection_.get(), sql);
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done;
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// What is sent in one turn of the loop shares a transaction, and the server keeps answers back.
TEST(PostgresTest, AReadBeforeOneThatIsStuckIsAnsweredAndIsNotTakenForIt) {
  const char* const url = std::getenv("TODO_TEST_DATABASE_URL");
  if (url == nullptr) GTEST_SKIP() << "TODO_TEST_DATABASE_URL is not set";
  Lock lock(url);
  asio::io_context loop{1};
  std::optional<Postgres> postgres;
  std::string easy, locked;
  std::vector<const Statement*> rescued;
  const Statement* stalled_on = nullptr;

  const auto ask = [&](const Statement& statement, std::string& answer) -> asio::awaitable<void> {
    auto asked = postgres->Query(statement, {});
    const Expected<Rows> rows = co_await std::move(asked);
    answer = rows ? std::string(rows->text(0, 0)) : rows.error().message;
    if (&statement == &kLocked) loop.stop();
  };
  const auto release = [&]() -> asio::awaitable<void> {
    asio::steady_timer timer(loop);
    while (postgres->stalled_on() == nullptr) {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(asio::use_awaitable);
    }
    stalled_on = postgres->stalled_on();
    EXPECT_EQ(easy, "7") << "answered while the other is stuck";
    EXPECT_EQ(locked, "");
    lock.Release();
  };

  PostgresOptions options;
  options.url = url;
  options.rescue = [&](const Statement& statement, Parameters, RowsWaiter waiter) {
    rescued.push_back(&statement);
    waiter.Resume(sb::Fail(sb::ErrorCode::kCancelled, "rescued"));
  };
  options.on_connected = [&] {
    asio::co_spawn(loop, ask(kEasy, easy), asio::detached);
    asio::co_spawn(loop, ask(kLocked, locked), asio::detached);
    asio::co_spawn(loop, release(), asio::detached);
  };
  postgres.emplace(loop, options, std::span<const Statement>());
  postgres->Start();
  loop.run_for(std::chrono::seconds(20));
  EXPECT_EQ(stalled_on, &kLocked);
  EXPECT_EQ(locked, "0");
  EXPECT_TRUE(rescued.empty());
  postgres->Stop();
}

}  // namespace
}  // namespace todo::store
