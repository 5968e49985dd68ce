// Turns what many coroutines ask for, one by one, into few questions for all of them: what arrives
// while a question is on its way goes into the next. No timer: alone, an item waits for nothing;
// under load, batches grow by themselves to what one round trip takes.
//
//   Batcher<UserId, User> users(loop, {.most_items = 64}, [&](auto batch) -> asio::awaitable<void>
//   {
//     for (auto& one : batch) one.waiter.Resume(…);         // each of them, in any order
//   });
//   Expected<User> user = co_await users.Ask(id);
//
// The question's coroutine must resume every waiter; those that it drops end their coroutines. At
// most `most_waiting` items wait; more get kTooManyRequests. Loop thread only. The loop's handlers
// must have ended before it is destroyed.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "app/async/waiter.h"
#include "common/error.h"

namespace todo::async {

struct BatcherLimits {
  std::size_t most_items = 128;      // in one question
  std::size_t most_waiting = 1'024;  // not yet in a question
  int most_questions = 1;            // on their way at once
};

template <typename Item, typename Answer>
class Batcher {
 public:
  struct Asked {
    Item item;
    Waiter<sb::Expected<Answer>> waiter;
  };
  using Batch = std::vector<Asked>;
  using Question = std::function<boost::asio::awaitable<void>(Batch)>;

  Batcher(boost::asio::io_context& loop, BatcherLimits limits, Question question)
      : loop_(loop), limits_(limits), question_(std::move(question)) {}
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  boost::asio::awaitable<sb::Expected<Answer>> Ask(Item item) {
    if (waiting_.size() >= limits_.most_waiting) {
      co_return sb::Fail(sb::ErrorCode::kTooManyRequests, "database: queue is full");
    }
    co_return co_await Waiter<sb::Expected<Answer>>::Wait(
        [this, &item](Waiter<sb::Expected<Answer>> waiter) {
          waiting_.push_back({std::move(item), std::move(waiter)});
          Schedule();
        });
  }

 private:
  // At the end of the loop's turn, so that everybody who runs in it is in the same batch.
  void Schedule() {
    if (scheduled_ || on_their_way_ >= limits_.most_questions || waiting_.empty()) return;
    scheduled_ = true;
    boost::asio::post(loop_, [this] {
      scheduled_ = false;
      ++on_their_way_;
      boost::asio::co_spawn(loop_, Put(Take()), boost::asio::detached);
      Schedule();
    });
  }

  Batch Take() {
    Batch batch;
    const std::size_t size = std::min(waiting_.size(), limits_.most_items);
    batch.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return batch;
  }

  boost::asio::awaitable<void> Put(Batch batch) {
    co_await question_(std::move(batch));
    --on_their_way_;
    Schedule();
  }

  boost::asio::io_context& loop_;
  const BatcherLimits limits_;
  const Question question_;
  std::deque<Asked> waiting_;
  int on_their_way_ = 0;
  bool scheduled_ = false;
};

}  // namespace todo::async
