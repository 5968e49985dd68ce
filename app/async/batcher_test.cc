#include "app/async/batcher.h"

#include <gtest/gtest.h>

#include <string>

namespace todo::async {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;

using Numbers = Batcher<int, int>;

class BatcherTest : public testing::Test {
 protected:
  // Asks for `number` and notes the answer.
  void Ask(int number) {
    asio::co_spawn(
        loop_,
        [](BatcherTest* test, int asked) -> asio::awaitable<void> {
          const Expected<int> answer = co_await test->batcher_->Ask(asked);
          test->answers_ +=
              (answer ? std::to_string(*answer) : ToString(answer.error().code)) + " ";
        }(this, number),
        asio::detached);
  }

  // A question that waits until Answer.
  asio::awaitable<void> Question(Numbers::Batch batch) {
    sizes_ += std::to_string(batch.size()) + " ";
    co_await Waiter<bool>::Wait([&](Waiter<bool> waiter) { open_.push_back(std::move(waiter)); });
    for (auto& one : batch) one.waiter.Resume(one.item * 10);
  }
  void Answer() {
    Waiter<bool> first = std::move(open_.front());
    open_.pop_front();
    first.Resume(true);
    Turn();
  }
  void Turn() {
    loop_.restart();
    loop_.poll();
  }
  void Limit(BatcherLimits limits) {
    batcher_ = std::make_unique<Numbers>(
        loop_, limits, [this](Numbers::Batch batch) { return Question(std::move(batch)); });
  }

  asio::io_context loop_;
  std::deque<Waiter<bool>> open_;
  std::unique_ptr<Numbers> batcher_;
  std::string sizes_, answers_;
};

TEST_F(BatcherTest, OneTurnIsOneQuestionAndTheNextWaitsForItsAnswer) {
  Limit({});
  Ask(1);
  Ask(2);
  Turn();
  EXPECT_EQ(sizes_, "2 ") << "asked in one turn";
  Ask(3);
  Turn();
  Ask(4);
  Turn();
  EXPECT_EQ(sizes_, "2 ") << "one question at a time";
  Answer();
  EXPECT_EQ(answers_, "10 20 ");
  EXPECT_EQ(sizes_, "2 2 ") << "what arrived meanwhile";
  Answer();
  EXPECT_EQ(answers_, "10 20 30 40 ");
}

TEST_F(BatcherTest, SeveralQuestionsMayBeOnTheirWay) {
  Limit({.most_questions = 2});
  for (int i = 1; i <= 3; ++i) {
    Ask(i);
    Turn();
  }
  EXPECT_EQ(sizes_, "1 1 ");
  Answer();
  EXPECT_EQ(sizes_, "1 1 1 ");
  Answer();
  Answer();
  EXPECT_EQ(answers_, "10 20 30 ");
}

TEST_F(BatcherTest, QuestionsAndWaitersAreBounded) {
  Limit({.most_items = 2, .most_waiting = 5});
  for (int i = 1; i <= 6; ++i) Ask(i);
  Turn();
  EXPECT_EQ(answers_, "too_many_requests ");
  EXPECT_EQ(sizes_, "2 ");
  while (!open_.empty()) Answer();
  EXPECT_EQ(sizes_, "2 2 1 ");
  EXPECT_EQ(answers_, "too_many_requests 10 20 30 40 50 ");
}

}  // namespace
}  // namespace todo::async
