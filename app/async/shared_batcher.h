// A Batcher (batcher.h) whose questions are those of all threads of the process: what one thread
// asks may travel in another's question. For what costs the other side most by the question and not
// by the item, such as commits: two threads that each commit 16 rows make PostgreSQL work and the
// disk flush twice as often as one that commits 32.
//
//   SharedQueue<NewTask, Row> queue;                        // one a process
//   SharedBatcher<NewTask, Row> tasks(loop, queue, {}, ready,
//       [&](std::vector<NewTask> batch) -> asio::awaitable<std::vector<Expected<Row>>> { … });
//   Expected<Row> row = co_await tasks.Ask({"buy milk", 7});
//
// Whichever thread comes first puts everything that waits, of all threads, into one question; while
// it is on its way the others collect. A second is put beside it once a question's worth waits, so
// more items use more threads' connections. A thread whose connection is not `ready` puts only what
// is its own (to learn the error). Answers come in the order of the items, one each; a thread's
// come back to it in one piece. A question that cannot be sent must give errors, not be dropped.
//
// At most `most_waiting` of a thread wait; more get kTooManyRequests. SharedQueue: any thread,
// outlives its batchers. SharedBatcher: thread of its loop, whose handlers must have ended before
// it is destroyed.
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
#include <mutex>
#include <utility>
#include <vector>

#include "app/async/batcher.h"
#include "app/async/waiter.h"
#include "common/error.h"

namespace todo::async {

template <typename Item, typename Answer>
class SharedBatcher;

template <typename Item, typename Answer>
class SharedQueue {
 public:
  SharedQueue() = default;
  SharedQueue(const SharedQueue&) = delete;
  SharedQueue& operator=(const SharedQueue&) = delete;

 private:
  friend class SharedBatcher<Item, Answer>;
  using Member = SharedBatcher<Item, Answer>;
  struct Asked {
    Item item;
    Member* from;
    Waiter<sb::Expected<Answer>> waiter;  // of `from`'s thread: only moved elsewhere
  };

  std::mutex queue_mutex_;
  std::deque<Asked> waiting_;
  std::vector<Member*> members_;
  int on_their_way_ = 0;  // questions that may hold anybody's items
};

template <typename Item, typename Answer>
class SharedBatcher {
 public:
  using Answers = std::vector<sb::Expected<Answer>>;
  using Question = std::function<boost::asio::awaitable<Answers>(std::vector<Item>)>;
  using Queue = SharedQueue<Item, Answer>;

  SharedBatcher(boost::asio::io_context& loop, Queue& queue, BatcherLimits limits,
                std::function<bool()> ready, Question question)
      : loop_(loop),
        queue_(queue),
        limits_(limits),
        ready_(std::move(ready)),
        question_(std::move(question)) {
    std::lock_guard lock(queue_.queue_mutex_);
    queue_.members_.push_back(this);
  }
  ~SharedBatcher() {
    std::lock_guard lock(queue_.queue_mutex_);
    std::erase(queue_.members_, this);
  }
  SharedBatcher(const SharedBatcher&) = delete;
  SharedBatcher& operator=(const SharedBatcher&) = delete;

  boost::asio::awaitable<sb::Expected<Answer>> Ask(Item item) {
    if (waiting_ >= limits_.most_waiting) {
      co_return sb::Fail(sb::ErrorCode::kTooManyRequests, "database: queue is full");
    }
    ++waiting_;
    auto answer =
        Waiter<sb::Expected<Answer>>::Wait([this, &item](Waiter<sb::Expected<Answer>> waiter) {
          {
            std::lock_guard lock(queue_.queue_mutex_);
            queue_.waiting_.push_back({std::move(item), this, std::move(waiter)});
          }
          Schedule();
        });
    sb::Expected<Answer> got = co_await std::move(answer);
    --waiting_;
    co_return got;
  }

  // Puts no more questions with others' items, and returns when the last of them is answered: what
  // has to be done before this thread's connection is closed while other threads go on.
  boost::asio::awaitable<void> Leave() {
    leaving_ = true;
    WakeOthers();
    if (on_its_way_ == 0) co_return;
    auto left =
        Waiter<bool>::Wait([this](Waiter<bool> waiter) { left_.push_back(std::move(waiter)); });
    co_await std::move(left);
  }

 private:
  using Asked = typename Queue::Asked;
  using Batch = std::vector<Asked>;

  // At the end of the loop's turn, so that everybody who runs in it is in the same batch.
  void Schedule() {
    if (scheduled_ || on_its_way_ >= limits_.most_questions) return;
    scheduled_ = true;
    boost::asio::post(loop_, [this] {
      scheduled_ = false;
      const bool all = !leaving_ && ready_();
      Batch batch = Take(all);
      if (!all) WakeOthers();
      if (batch.empty()) return;
      ++on_its_way_;
      boost::asio::co_spawn(loop_, Put(std::move(batch), all), boost::asio::detached);
    });
  }

  Batch Take(bool all) {
    Batch batch;
    std::lock_guard lock(queue_.queue_mutex_);
    auto& waiting = queue_.waiting_;
    if (all && queue_.on_their_way_ > 0 && waiting.size() < limits_.most_items) return batch;
    std::deque<Asked> left;
    while (!waiting.empty() && batch.size() < limits_.most_items) {
      const bool taken = all || waiting.front().from == this;
      if (taken) {
        batch.push_back(std::move(waiting.front()));
      } else {
        left.push_back(std::move(waiting.front()));
      }
      waiting.pop_front();
    }
    while (!left.empty()) {
      waiting.push_front(std::move(left.back()));
      left.pop_back();
    }
    if (all && !batch.empty()) ++queue_.on_their_way_;
    return batch;
  }

  // Those who have something waiting that we do not put.
  void WakeOthers() {
    std::lock_guard lock(queue_.queue_mutex_);
    for (SharedBatcher* member : queue_.members_) {
      const bool waits =
          member != this && std::any_of(queue_.waiting_.begin(), queue_.waiting_.end(),
                                        [&](const Asked& asked) { return asked.from == member; });
      if (waits) boost::asio::post(member->loop_, [member] { member->Schedule(); });
    }
  }

  boost::asio::awaitable<void> Put(Batch batch, bool counted) {
    std::vector<Item> items;
    items.reserve(batch.size());
    for (Asked& asked : batch) items.push_back(std::move(asked.item));
    auto asking = question_(std::move(items));
    Answers answers = co_await std::move(asking);
    answers.resize(batch.size(), sb::Fail(sb::ErrorCode::kInternal, "no answer to one of a batch"));
    --on_its_way_;
    if (counted) {
      std::lock_guard lock(queue_.queue_mutex_);
      --queue_.on_their_way_;
    }
    Deliver(std::move(batch), std::move(answers));
    if (on_its_way_ == 0) {
      for (auto& waiter : std::exchange(left_, {})) waiter.Resume(true);
    }
  }

  struct Answered {
    std::vector<std::pair<Waiter<sb::Expected<Answer>>, sb::Expected<Answer>>> answers;
    void Resume() {
      for (auto& [waiter, answer] : answers) waiter.Resume(std::move(answer));
    }
  };

  void Deliver(Batch batch, Answers answers) {
    Answered own;
    std::vector<std::pair<SharedBatcher*, Answered>> others;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Answered* to = &own;
      if (batch[i].from != this) {
        auto found = std::find_if(others.begin(), others.end(),
                                  [&](const auto& other) { return other.first == batch[i].from; });
        if (found == others.end()) {
          others.emplace_back(batch[i].from, Answered());
          found = others.end() - 1;
        }
        to = &found->second;
      }
      to->answers.emplace_back(std::move(batch[i].waiter), std::move(answers[i]));
    }
    // The others first: they work on while we answer our own.
    for (auto& [member, theirs] : others) {
      boost::asio::post(member->loop_, [to = member, answered = std::move(theirs)]() mutable {
        answered.Resume();
        to->Schedule();
      });
    }
    own.Resume();
    Schedule();
  }

  boost::asio::io_context& loop_;
  Queue& queue_;
  const BatcherLimits limits_;
  const std::function<bool()> ready_;
  const Question question_;
  std::vector<Waiter<bool>> left_;
  std::size_t waiting_ = 0;  // of ours, without an answer
  int on_its_way_ = 0;       // of ours
  bool scheduled_ = false;
  bool leaving_ = false;
};

}  // namespace todo::async
