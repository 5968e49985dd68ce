// Threads for work that blocks, awaited from the loop.
//
//   BlockingPool reviews(2, 64);
//   auto review = [&] { return authenticator.ReviewToken(token); };
//   auto user = co_await reviews.Run(std::move(review));
//   if (!user) co_return TooManyRequests();
//
// A lambda has to have a name: g++ 12 copies one that stands inside the co_await expression byte by
// byte, and its strings then point into the copy's origin. `work` is moved to a pool thread, the
// coroutine goes on where it was. At most `max_pending` pieces wait or run; the next is refused at
// once. Destroying the pool waits for what runs: destroy it after the loop has stopped and before
// the loop's io_context.
#pragma once

// clang-format off
#include <utility>  // Boost 1.74's coroutines need it first.
// clang-format on

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>

namespace sb::metrics_api {

class BlockingPool {
 public:
  BlockingPool(std::size_t threads, int max_pending) : pool_(threads), max_pending_(max_pending) {}
  ~BlockingPool() {
    pool_.stop();
    pool_.join();
  }

  // What `work` returns, or empty if too much is pending already.
  template <typename Work>
  boost::asio::awaitable<std::optional<std::invoke_result_t<Work>>> Run(Work work) {
    if (pending_.fetch_add(1) >= max_pending_) {
      pending_.fetch_sub(1);
      co_return std::nullopt;
    }
    co_return co_await boost::asio::co_spawn(pool_, Perform(std::move(work)),
                                             boost::asio::use_awaitable);
  }

 private:
  template <typename Work>
  boost::asio::awaitable<std::optional<std::invoke_result_t<Work>>> Perform(Work work) {
    std::optional<std::invoke_result_t<Work>> result = work();
    pending_.fetch_sub(1);
    co_return result;
  }

  boost::asio::thread_pool pool_;
  const int max_pending_;
  std::atomic<int> pending_ = 0;
};

}  // namespace sb::metrics_api
