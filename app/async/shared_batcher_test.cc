#include "app/async/shared_batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace todo::async {
namespace {

namespace asio = boost::asio;
using sb::Expected;
using Numbers = SharedBatcher<int, int>;

// A thread's loop without the thread, turned by hand.
struct Member {
  explicit Member(SharedQueue<int, int>& queue, BatcherLimits limits = {})
      : batcher(
            loop, queue, limits, [this] { return ready; },
            [this](std::vector<int> batch) { return Question(std::move(batch)); }) {}

  asio::awaitable<Numbers::Answers> Question(std::vector<int> batch) {
    sizes += std::to_string(batch.size()) + " ";
    auto open_question =
        Waiter<bool>::Wait([this](Waiter<bool> waiter) { open.push_back(std::move(waiter)); });
    const bool good = co_await std::move(open_question);
    Numbers::Answers tenfold;
    for (const int item : batch) {
      if (good) {
        tenfold.push_back(item * 10);
      } else {
        tenfold.push_back(sb::Fail(sb::ErrorCode::kUnavailable, "gone"));
      }
    }
    co_return tenfold;
  }
  void Ask(int number) {
    asio::co_spawn(
        loop,
        [](Member* member, int asked) -> asio::awaitable<void> {
          const Expected<int> answer = co_await member->batcher.Ask(asked);
          member->answers +=
              (answer ? std::to_string(*answer) : ToString(answer.error().code)) + " ";
        }(this, number),
        asio::detached);
    Turn();
  }
  void Answer(bool good = true) {
    Waiter<bool> first = std::move(open.front());
    open.pop_front();
    first.Resume(good);
    Turn();
  }
  void Turn() {
    loop.restart();
    loop.poll();
  }

  asio::io_context loop;
  bool ready = true;
  std::deque<Waiter<bool>> open;
  std::string sizes, answers;
  Numbers batcher;
};

TEST(SharedBatcher, OneQuestionForAllThreads) {
  SharedQueue<int, int> queue;
  Member a(queue), b(queue);
  a.Ask(1);
  b.Ask(2);
  b.Ask(3);
  a.Ask(4);
  EXPECT_EQ(a.sizes, "1 ");
  EXPECT_EQ(b.sizes, "") << "it waits for the other's question";
  a.Answer();
  EXPECT_EQ(a.answers, "10 ");
  EXPECT_EQ(a.sizes, "1 3 ") << "with the other's";
  a.Answer();
  EXPECT_EQ(a.answers, "10 40 ");
  EXPECT_EQ(b.answers, "") << "on its own thread only";
  b.Turn();
  EXPECT_EQ(b.answers, "20 30 ");
  b.Ask(5);
  EXPECT_EQ(b.sizes, "1 ") << "who comes first puts the question";
  b.Answer();
  EXPECT_EQ(b.answers, "20 30 50 ");
}

TEST(SharedBatcher, AFullQuestionGoesBesideTheFirst) {
  SharedQueue<int, int> queue;
  Member a(queue, {.most_items = 2}), b(queue, {.most_items = 2});
  a.Ask(1);
  b.Ask(2);
  EXPECT_EQ(b.sizes, "");
  b.Ask(3);
  EXPECT_EQ(b.sizes, "2 ");
  b.Answer();
  a.Answer();
  EXPECT_EQ(a.answers + b.answers, "10 20 30 ");
}

TEST(SharedBatcher, WhoHasNoConnectionTakesOnlyItsOwn) {
  SharedQueue<int, int> queue;
  Member a(queue), b(queue);
  a.Ask(1);
  a.Ask(2);
  b.Ask(3);
  a.ready = false;  // lost, with the question on its way
  a.Answer(false);
  EXPECT_EQ(a.sizes, "1 1 ") << "the other's work is not drawn into it";
  b.Turn();
  EXPECT_EQ(b.sizes, "1 ") << "and is not left lying";
  a.Answer(false);
  b.Answer();
  EXPECT_EQ(a.answers, "unavailable unavailable ");
  EXPECT_EQ(b.answers, "30 ");
}

TEST(SharedBatcher, WhoLeavesAnswersTheOthersFirst) {
  SharedQueue<int, int> queue;
  Member a(queue), b(queue);
  a.Ask(1);
  b.Ask(2);
  a.Answer();  // puts the other's
  EXPECT_EQ(a.sizes, "1 1 ");
  bool left = false;
  asio::co_spawn(
      a.loop,
      [](Member* member, bool* done) -> asio::awaitable<void> {
        co_await member->batcher.Leave();
        *done = true;
      }(&a, &left),
      asio::detached);
  a.Turn();
  EXPECT_FALSE(left);
  b.Ask(3);
  a.Answer();
  EXPECT_TRUE(left);
  b.Turn();
  EXPECT_EQ(b.answers, "20 ");
  EXPECT_EQ(b.sizes, "1 ") << "from now on by itself";
  b.Answer();
  EXPECT_EQ(b.answers, "20 30 ");
}

TEST(SharedBatcher, QueuesAreBoundedByThread) {
  SharedQueue<int, int> queue;
  Member a(queue, {.most_waiting = 2}), b(queue, {.most_waiting = 2});
  for (int i = 1; i <= 3; ++i) a.Ask(i);
  EXPECT_EQ(a.answers, "too_many_requests ");
  b.Ask(4);
  EXPECT_EQ(b.answers, "") << "not for another's queue";
  while (!a.open.empty()) a.Answer();
  b.Turn();
  EXPECT_EQ(a.answers + b.answers, "too_many_requests 10 20 40 ");
}

// Threads for real: everybody gets the answer to what they asked, on their thread, once.
TEST(SharedBatcher, ThreadsShareWithoutMixingAnswers) {
  constexpr int kThreads = 4, kAsked = 3'000;
  SharedQueue<int, int> queue;
  std::atomic<int> right = 0, questions = 0, elsewhere = 0;
  struct Thread {
    asio::io_context loop{1};
    std::optional<Numbers> batcher;
    std::jthread thread;
  };
  std::vector<std::unique_ptr<Thread>> threads;
  for (int t = 0; t < kThreads; ++t) {
    auto& made = *threads.emplace_back(std::make_unique<Thread>());
    made.batcher.emplace(
        made.loop, queue, BatcherLimits{.most_items = 16}, [] { return true; },
        [&, loop = &made.loop](std::vector<int> batch) -> asio::awaitable<Numbers::Answers> {
          ++questions;
          auto turn = asio::post(*loop, asio::use_awaitable);
          co_await std::move(turn);
          Numbers::Answers answers;
          for (const int item : batch) answers.push_back(item * 2);
          co_return answers;
        });
  }
  for (int t = 0; t < kThreads; ++t) {
    Thread& one = *threads[static_cast<std::size_t>(t)];
    for (int chain = 0; chain < 10; ++chain) {
      asio::co_spawn(
          one.loop,
          [](Thread* self, int from, std::atomic<int>* good,
             std::atomic<int>* strange) -> asio::awaitable<void> {
            for (int i = from; i < kAsked * kThreads; i += 10 * kThreads) {
              auto asked = self->batcher->Ask(i);
              const Expected<int> answer = co_await std::move(asked);
              if (answer && *answer == i * 2) ++*good;
              if (!self->loop.get_executor().running_in_this_thread()) ++*strange;
            }
          }(&one, t * 10 + chain, &right, &elsewhere),
          asio::detached);
    }
  }
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
  for (auto& one : threads) guards.push_back(asio::make_work_guard(one->loop));
  for (auto& one : threads) one->thread = std::jthread([loop = &one->loop] { loop->run(); });
  while (right < kAsked * kThreads) std::this_thread::yield();
  guards.clear();
  for (auto& one : threads) one->thread.join();
  EXPECT_EQ(right, kAsked * kThreads);
  EXPECT_EQ(elsewhere, 0);
  EXPECT_LT(questions, kAsked * kThreads) << "nothing was put together";
}

}  // namespace
}  // namespace todo::async
