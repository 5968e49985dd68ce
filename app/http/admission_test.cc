#include "app/http/admission.h"

#include <gtest/gtest.h>

#include <deque>

namespace todo::http {
namespace {

using namespace std::chrono_literals;
using sb::Duration;
using sb::TimePoint;

constexpr AdmissionOptions kOptions{.least = 4, .most = 1000, .target = 50ms, .window = 100ms};

// A server that needs `cost` for each request, one after the other, with `offered` requests a
// second arriving; answers are recorded for `time`.
struct Outcome {
  std::size_t served = 0, refused = 0;
  Duration slowest{};  // of the second half
};
Outcome Simulate(Admission& admission, Duration cost, int offered, Duration time) {
  Outcome outcome;
  std::deque<TimePoint> queue;
  TimePoint now{}, next_arrival{}, next_done{};
  const Duration gap = Duration(1s) / offered;
  while (now < TimePoint{} + time) {
    if (!queue.empty() && next_done <= next_arrival) {
      now = next_done;
      const Duration took = now - queue.front();
      queue.pop_front();
      admission.Finished(took, now);
      ++outcome.served;
      if (now > TimePoint{} + time / 2) outcome.slowest = std::max(outcome.slowest, took);
      next_done = now + cost;
    } else {
      now = next_arrival;
      next_arrival += gap;
      if (!admission.Admit()) {
        ++outcome.refused;
        continue;
      }
      if (queue.empty()) next_done = now + cost;
      queue.push_back(now);
    }
  }
  return outcome;
}

// Clients that get an answer within their patience are what a server under overload is for.
TEST(Admission, TwiceTheLoadIsServedAtFullSpeedAndInTime) {
  Admission admission(kOptions);
  const Outcome outcome = Simulate(admission, 1ms, 2000, 20s);
  EXPECT_GE(outcome.served, 19'900U) << "it can serve 1,000 a second";
  EXPECT_GT(outcome.refused, 15'000U);
  EXPECT_LT(outcome.slowest, 150ms);
}

TEST(Admission, NothingIsRefusedBelowCapacity) {
  Admission admission(kOptions);
  EXPECT_EQ(Simulate(admission, 1ms, 900, 10s).refused, 0U);
  EXPECT_EQ(admission.limit(), kOptions.most);
}

TEST(Admission, ForgetsTheOverloadWhenItIsOver) {
  Admission admission(kOptions);
  Simulate(admission, 10ms, 500, 10s);
  const std::size_t shrunk = admission.limit();
  EXPECT_LT(shrunk, 20U);
  // A burst of 100 fits again after a while of bursts that reach the limit.
  TimePoint now = TimePoint{} + 20s;
  while (admission.in_flight() > 0) admission.Finished(1ms, now);
  for (int round = 0; round < 200 && admission.limit() < 100; ++round) {
    std::size_t admitted = 0;
    while (admission.Admit()) ++admitted;
    now += 100ms;
    while (admitted-- > 0) admission.Finished(1ms, now);
  }
  EXPECT_GE(admission.limit(), 100U);
}

// Another pod starts on the same cores, and for 400 ms nobody here gets on: what came meanwhile is
// answered late, not refused, and neither is what comes next.
TEST(Admission, AMomentWithoutTheCpuIsNoOverload) {
  Admission admission(kOptions);
  TimePoint now{};
  const auto serve = [&](std::size_t requests, Duration took) {
    for (std::size_t i = 0; i < requests; ++i) ASSERT_TRUE(admission.Admit()) << i;
    now += took;
    for (std::size_t i = 0; i < requests; ++i) admission.Finished(took, now);
  };
  for (int moment = 0; moment < 10; ++moment) {
    for (int i = 0; i < 100; ++i) serve(10, 5ms);
    serve(100, 400ms);
    serve(130, 120ms);  // the backlog
    serve(130, 60ms);
  }
  EXPECT_EQ(admission.limit(), kOptions.most);
}

// One report that takes a second must not make the service refuse logins.
TEST(Admission, ASlowRouteAmongFastOnesIsNoOverload) {
  Admission admission(kOptions);
  TimePoint now{};
  for (int i = 0; i < 1000; ++i) {
    now += 10ms;
    ASSERT_TRUE(admission.Admit());
    ASSERT_TRUE(admission.Admit());
    admission.Finished(1s, now);
    admission.Finished(1ms, now);
  }
  EXPECT_EQ(admission.limit(), kOptions.most);
}

TEST(Admission, NeverShrinksBelowItsLeast) {
  Admission admission(kOptions);
  TimePoint now{};
  for (int i = 0; i < 1000; ++i) {
    now += 200ms;
    ASSERT_TRUE(admission.Admit());
    admission.Finished(10s, now);
  }
  EXPECT_EQ(admission.limit(), kOptions.least);
  // What only waits says nothing about the queue.
  Admission other(kOptions);
  for (int i = 0; i < 1000; ++i) {
    now += 200ms;
    ASSERT_TRUE(other.Admit());
    other.Finished(10s, now, false);
  }
  EXPECT_EQ(other.limit(), kOptions.most);
}

}  // namespace
}  // namespace todo::http
