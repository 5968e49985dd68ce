#include "app/async/breaker.h"

#include <gtest/gtest.h>

namespace todo::async {
namespace {

using std::chrono::milliseconds;
using State = Breaker::State;

TEST(Breaker, OpensAfterFailuresInARowAndProbesOneAtATime) {
  const BreakerLimits limits{.failures = 3,
                             .first_pause = milliseconds(200),
                             .most_pause = milliseconds(400),
                             .probe_most = milliseconds(1'000)};
  Breaker breaker(limits);
  Breaker::TimePoint now{};
  breaker.Failed(now);
  breaker.Failed(now);
  breaker.Succeeded();
  breaker.Failed(now);
  breaker.Failed(now);
  EXPECT_TRUE(breaker.Allow(now)) << "not three in a row";
  breaker.Failed(now);
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_FALSE(breaker.Allow(now + milliseconds(99))) << "at least half of the first pause";
  now += milliseconds(200);
  EXPECT_TRUE(breaker.Allow(now)) << "the probe";
  EXPECT_FALSE(breaker.Allow(now)) << "one at a time";
  breaker.Failed(now);
  EXPECT_FALSE(breaker.Allow(now + milliseconds(199))) << "twice as long as before";
  now += milliseconds(400);
  EXPECT_TRUE(breaker.Allow(now));
  EXPECT_TRUE(breaker.Allow(now + milliseconds(1'000))) << "the probe was lost";
  breaker.Succeeded();
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_TRUE(breaker.Allow(now));
}

}  // namespace
}  // namespace todo::async
