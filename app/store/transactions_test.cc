// Needs a database: TODO_TEST_DATABASE_URL, which app/tests/test_store.py sets. Skipped without.
#include "app/store/transactions.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <optional>
#include <string>

namespace todo::store {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;

constexpr Statement kMake{.name = "make",
                          .sql = "CREATE TABLE IF NOT EXISTS leases (n bigint PRIMARY KEY)",
                          .writes = true};
constexpr Statement kEmpty{.name = "empty", .sql = "DELETE FROM leases", .writes = true};
constexpr Statement kAdd{
    .name = "add", .sql = "INSERT INTO leases VALUES ($1::bigint)", .writes = true};
constexpr Statement kCount{.name = "count", .sql = "SELECT count(*) FROM leases"};
constexpr Statement kDie{.name = "die", .sql = "SELECT pg_terminate_backend(pg_backend_pid())"};
constexpr Statement kTypo{.name = "typo", .sql = "SELECT * FROM no_such_table"};

Parameters Number(std::int64_t n) {
  Parameters parameters;
  parameters.Integer(n);
  return parameters;
}

class TransactionsTest : public testing::Test {
 public:
  void SetUp() override {
    const char* const url = std::getenv("TODO_TEST_DATABASE_URL");
    if (url == nullptr) GTEST_SKIP() << "TODO_TEST_DATABASE_URL is not set";
    options_.url = url;
    options_.on_first_connected = nullptr;
  }

  // Runs `body` with `connections` leases, once the first is connected.
  template <typename Body>
  void Run(int connections, TransactionLimits limits, Body body) {
    transactions_.emplace(loop_, options_, connections, limits);
    transactions_->Start();
    asio::co_spawn(loop_, Whole(std::move(body)), asio::detached);
    loop_.run_for(std::chrono::seconds(20));
    ASSERT_TRUE(done_) << "the test hung";
  }

  asio::awaitable<void> Pause(int milliseconds) {
    asio::steady_timer timer(loop_, std::chrono::milliseconds(milliseconds));
    co_await timer.async_wait(asio::use_awaitable);
  }

  asio::awaitable<Expected<Transaction>> BeginSoon() {
    for (int i = 0; i < 100; ++i) {
      auto begun = transactions_->Begin();
      Expected<Transaction> transaction = co_await std::move(begun);
      if (transaction || transaction.error().code != ErrorCode::kUnavailable) {
        co_return transaction;
      }
      co_await Pause(50);
    }
    co_return sb::Fail(ErrorCode::kUnavailable, "never connected");
  }

  // Rows of the table, seen by a transaction of its own; -1: no answer.
  asio::awaitable<int> Count() {
    Expected<Transaction> transaction = co_await BeginSoon();
    if (!transaction) co_return -1;
    auto asked = transaction->Query(kCount, {});
    const Expected<Rows> rows = co_await std::move(asked);
    co_return rows ? std::stoi(std::string(rows->text(0, 0))) : -1;
  }

  asio::awaitable<bool> Add(Transaction& transaction, std::int64_t n) {
    auto asked = transaction.Query(kAdd, Number(n));
    const Expected<Rows> rows = co_await std::move(asked);
    co_return rows.has_value();
  }

  asio::io_context loop_{1};
  PostgresOptions options_;
  std::optional<Transactions> transactions_;
  bool done_ = false;

 private:
  template <typename Body>
  asio::awaitable<void> Whole(Body body) {
    {
      Expected<Transaction> transaction = co_await BeginSoon();
      if (transaction) {
        auto made = transaction->Query(kMake, {});
        (void)co_await std::move(made);
        auto emptied = transaction->Query(kEmpty, {});
        (void)co_await std::move(emptied);
        auto committed = transaction->Commit();
        const Expected<void> ready = co_await std::move(committed);
        EXPECT_TRUE(ready);
      }
    }
    co_await body();
    done_ = true;
    transactions_->Stop();
    loop_.stop();
  }
};

TEST_F(TransactionsTest, WhatIsCommittedIsThereAndWhatIsDroppedIsNot) {
  Run(1, {}, [this]() -> asio::awaitable<void> {
    {
      Expected<Transaction> kept = co_await BeginSoon();
      EXPECT_TRUE(co_await Add(*kept, 1));
      EXPECT_TRUE(co_await Add(*kept, 2));
      auto committed = kept->Commit();
      const Expected<void> done = co_await std::move(committed);
      EXPECT_TRUE(done);
    }
    {
      Expected<Transaction> dropped = co_await BeginSoon();
      EXPECT_TRUE(co_await Add(*dropped, 3));
    }
    EXPECT_EQ(co_await Count(), 2);
    EXPECT_EQ(transactions_->stats().committed.load(), 2u);
  });
}

TEST_F(TransactionsTest, AfterAFailureNothingOfItIsKeptAndTheConnectionServesOn) {
  Run(1, {}, [this]() -> asio::awaitable<void> {
    for (int round = 0; round < 2; ++round) {
      Expected<Transaction> transaction = co_await BeginSoon();
      EXPECT_TRUE(co_await Add(*transaction, 1));
      EXPECT_FALSE(co_await Add(*transaction, 1)) << "the key is taken";
      EXPECT_FALSE(co_await Add(*transaction, 2)) << "it must not run outside the transaction";
      auto committed = transaction->Commit();
      const Expected<void> done = co_await std::move(committed);
      EXPECT_FALSE(done);
    }
    {
      Expected<Transaction> transaction = co_await BeginSoon();
      EXPECT_TRUE(co_await Add(*transaction, 1));
      auto asked = transaction->Query(kTypo, {});
      const Expected<Rows> rows = co_await std::move(asked);
      EXPECT_FALSE(rows) << "cannot be prepared";
    }
    EXPECT_EQ(co_await Count(), 0);
    EXPECT_EQ(transactions_->connections()[0]->connects.load(), 1u);
  });
}

TEST_F(TransactionsTest, AConnectionMadeAnewDoesNotContinueTheOldTransaction) {
  Run(1, {}, [this]() -> asio::awaitable<void> {
    {
      Expected<Transaction> transaction = co_await BeginSoon();
      EXPECT_TRUE(co_await Add(*transaction, 1));
      auto asked = transaction->Query(kDie, {});
      const Expected<Rows> died = co_await std::move(asked);
      EXPECT_FALSE(died);
      for (int i = 0; i < 100 && transactions_->connections()[0]->connects.load() < 2; ++i) {
        co_await Pause(20);
      }
      EXPECT_FALSE(co_await Add(*transaction, 2)) << "would be committed by itself";
      auto committed = transaction->Commit();
      const Expected<void> done = co_await std::move(committed);
      EXPECT_FALSE(done);
    }
    EXPECT_EQ(co_await Count(), 0);
  });
}

TEST_F(TransactionsTest, WhoWaitsGetsTheConnectionInOrderAndTheQueueIsBounded) {
  Run(1, {.most_waiting = 2}, [this]() -> asio::awaitable<void> {
    std::string order;
    int refused = 0;
    {
      Expected<Transaction> first = co_await BeginSoon();
      EXPECT_TRUE(co_await Add(*first, 1));
      for (const char name : {'a', 'b', 'c'}) {
        asio::co_spawn(
            loop_,
            [](TransactionsTest* test, char me, std::string* seen,
               int* full) -> asio::awaitable<void> {
              auto begun = test->transactions_->Begin();
              Expected<Transaction> mine = co_await std::move(begun);
              if (!mine) {
                *full += mine.error().code == ErrorCode::kTooManyRequests;
                co_return;
              }
              EXPECT_TRUE(co_await test->Add(*mine, 1)) << "the first was rolled back";
              *seen += me;
            }(this, name, &order, &refused),
            asio::detached);
      }
      co_await Pause(50);
      EXPECT_EQ(order, "");
      EXPECT_EQ(refused, 1);
    }
    for (int i = 0; i < 100 && order.size() < 2; ++i) co_await Pause(20);
    EXPECT_EQ(order, "ab");
  });
}

TEST_F(TransactionsTest, WaitingAndHoldingEndAtTheirDeadlines) {
  using namespace std::chrono_literals;
  Run(1, {.lease_wait = 200ms, .most_held = 600ms}, [this]() -> asio::awaitable<void> {
    Expected<Transaction> greedy = co_await BeginSoon();
    EXPECT_TRUE(co_await Add(*greedy, 1));
    auto begun = transactions_->Begin();
    const Expected<Transaction> late = co_await std::move(begun);
    EXPECT_FALSE(late);
    if (!late) {
      EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
    }
    co_await Pause(1'000);
    EXPECT_FALSE(co_await Add(*greedy, 2)) << "its lease is over";
  });
}

TEST_F(TransactionsTest, MoreConnectionsAreMadeWhenTheyAreNeeded) {
  Run(2, {}, [this]() -> asio::awaitable<void> {
    EXPECT_EQ(transactions_->connections()[1]->connects.load(), 0u);
    Expected<Transaction> one = co_await BeginSoon();
    auto begun = transactions_->Begin();
    Expected<Transaction> two = co_await std::move(begun);
    EXPECT_TRUE(two);
    EXPECT_TRUE(co_await Add(*one, 1));
    EXPECT_TRUE(co_await Add(*two, 2));
    EXPECT_EQ(transactions_->connections()[1]->connects.load(), 1u);
  });
}

TEST(Transactions, WithoutAConnectionBeginFailsAtOnce) {
  asio::io_context loop(1);
  Transactions none(loop, {}, 0);
  std::optional<ErrorCode> code;
  asio::co_spawn(
      loop,
      [](Transactions* transactions, std::optional<ErrorCode>* seen) -> asio::awaitable<void> {
        auto begun = transactions->Begin();
        const Expected<Transaction> transaction = co_await std::move(begun);
        if (!transaction) *seen = transaction.error().code;
      }(&none, &code),
      asio::detached);
  loop.run_for(std::chrono::seconds(5));
  EXPECT_EQ(code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace todo::store
