#include "app/auth/passwords.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <thread>
#include <vector>

namespace todo::auth {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;

constexpr Argon2Cost kCheap{64, 1, 1};
constexpr Argon2Cost kLarge{64 * 1024, 1, 1};

template <typename T>
T Await(asio::awaitable<T> asked) {
  asio::io_context loop;
  std::optional<T> got;
  asio::co_spawn(loop, std::move(asked),
                 [&](std::exception_ptr, T value) { got = std::move(value); });
  loop.run();
  return std::move(*got);
}

TEST(Passwords, TellRightFromWrongAndStale) {
  Passwords passwords({.cost = kCheap});
  const std::string stored = *Await(passwords.Hash("secret"));
  EXPECT_EQ(*Await(passwords.Check(stored, "secret")), Verdict::kRight);
  EXPECT_EQ(*Await(passwords.Check(stored, "Secret")), Verdict::kWrong);
  EXPECT_EQ(*Await(passwords.Check(std::nullopt, "secret")), Verdict::kWrong);
  EXPECT_EQ(*Await(passwords.Check("not a hash", "not a hash")), Verdict::kWrong);
  EXPECT_EQ(*Await(passwords.Check(stored, std::string(5'000, 'x'))), Verdict::kWrong);
  EXPECT_FALSE(Await(passwords.Hash(std::string(5'000, 'x'))));
  Passwords dearer({.cost = {128, 1, 1}});
  EXPECT_EQ(*Await(dearer.Check(stored, "secret")), Verdict::kStale);
  EXPECT_EQ(*Await(dearer.Check(stored, "Secret")), Verdict::kWrong);
}

TEST(Passwords, TwoHashesOfOnePasswordDiffer) {
  Passwords passwords({.cost = kCheap});
  EXPECT_NE(*Await(passwords.Hash("secret")), *Await(passwords.Hash("secret")));
}

TEST(Passwords, AnUnknownUserCostsARunLikeAWrongPassword) {
  Passwords passwords({.cost = kCheap});
  const std::string stored = *Await(passwords.Hash("secret"));
  for (const std::optional<std::string>& user :
       {std::optional(stored), std::optional<std::string>(), std::optional<std::string>("bad")}) {
    const auto before = passwords.stats().hashes;
    (void)*Await(passwords.Check(user, "wrong"));
    EXPECT_EQ(passwords.stats().hashes, before + 1);
  }
}

TEST(Passwords, AFullQueueRefusesAtOnceAndOthersAreServed) {
  Passwords passwords({.max_queued = 4, .deadline = std::chrono::minutes(1), .cost = kLarge});
  asio::io_context loop;
  int right = 0, refused = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(loop, passwords.Hash("x"), [&](std::exception_ptr, Expected<std::string> made) {
      if (made) ++right;
      if (!made && made.error().code == ErrorCode::kTooManyRequests) ++refused;
    });
  }
  loop.run();
  EXPECT_EQ(right + refused, 20);
  EXPECT_GE(right, 4);
  EXPECT_GE(refused, 10);
  EXPECT_EQ(passwords.stats().refused, static_cast<unsigned>(refused));
  EXPECT_EQ(passwords.stats().queued, 0u);
}

TEST(Passwords, ATurnAfterTheDeadlineCostsNoHash) {
  Passwords passwords({.deadline = std::chrono::milliseconds(0), .cost = kCheap});
  const auto made = Await(passwords.Hash("x"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(passwords.stats().hashes, 0u);
  EXPECT_EQ(passwords.stats().late, 1u);
}

TEST(Passwords, SeveralLoopsShareThem) {
  Passwords passwords({.threads = 2, .max_queued = 64, .cost = kCheap});
  std::vector<std::thread> loops;
  std::atomic<int> made{0};
  for (int i = 0; i < 4; ++i) {
    loops.emplace_back([&] {
      for (int k = 0; k < 10; ++k) {
        if (Await(passwords.Hash("x"))) ++made;
      }
    });
  }
  for (auto& loop : loops) loop.join();
  EXPECT_EQ(made, 40);
}

long ResidentKib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      long kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

TEST(Passwords, HoldNoMemoryBetweenHashes) {
  Passwords passwords({.cost = kLarge});
  (void)*Await(passwords.Hash("x"));
  const long before = ResidentKib();
  for (int i = 0; i < 3; ++i) (void)*Await(passwords.Hash("x"));
  EXPECT_LT(ResidentKib() - before, 16 * 1024) << "a service that once checked a login stays large";
}

}  // namespace
}  // namespace todo::auth
