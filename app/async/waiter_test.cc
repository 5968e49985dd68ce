#include "app/async/waiter.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "app/async/backoff.h"

namespace todo::async {
namespace {

namespace asio = boost::asio;

TEST(Waiter, GivesEachCoroutineItsOwnMoveOnlyValue) {
  asio::io_context loop;
  std::deque<Waiter<std::unique_ptr<int>>> waiting;
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(
        loop,
        [&]() -> asio::awaitable<void> {
          std::unique_ptr<int> got = co_await Waiter<std::unique_ptr<int>>::Wait(
              [&](Waiter<std::unique_ptr<int>> waiter) { waiting.push_back(std::move(waiter)); });
          sum = sum * 10 + *got;
        },
        asio::detached);
  }
  asio::post(loop, [&] {
    for (int i = 1; i <= 3; ++i) {
      auto waiter = std::move(waiting.front());
      waiting.pop_front();
      waiter.Resume(std::make_unique<int>(i));
    }
  });
  loop.run();
  EXPECT_EQ(sum, 123);
}

TEST(Waiter, ADroppedWaiterEndsTheCoroutine) {
  asio::io_context loop;
  std::optional<Waiter<int>> waiting;
  auto alive = std::make_shared<int>(0);
  std::weak_ptr<int> watch = alive;
  asio::co_spawn(
      loop,
      [](std::optional<Waiter<int>>& slot, std::shared_ptr<int> held) -> asio::awaitable<void> {
        co_await Waiter<int>::Wait([&](Waiter<int> waiter) { slot.emplace(std::move(waiter)); });
        *held = 1;
      }(waiting, std::move(alive)),
      asio::detached);
  loop.poll();
  ASSERT_TRUE(waiting.has_value());
  waiting.reset();
  loop.restart();
  loop.poll();
  EXPECT_TRUE(watch.expired());
}

TEST(Backoff, StaysBetweenItsBoundsAndStartsOver) {
  using std::chrono::milliseconds;
  Backoff backoff(milliseconds(50), milliseconds(400));
  const milliseconds ceilings[] = {milliseconds(50), milliseconds(100), milliseconds(200),
                                   milliseconds(400), milliseconds(400)};
  for (const milliseconds ceiling : ceilings) {
    const milliseconds wait = backoff.Next();
    EXPECT_GE(wait, ceiling / 2);
    EXPECT_LE(wait, ceiling);
  }
  backoff.Reset();
  EXPECT_LE(backoff.Next(), milliseconds(50));
}

}  // namespace
}  // namespace todo::async
