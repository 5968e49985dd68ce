#include "operator/metrics_api/slot_steadiness.h"

#include <gtest/gtest.h>

namespace sb::metrics_api {
namespace {

using std::chrono::seconds;

TEST(SlotSteadiness, OneMomentIsNoChange) {
  SlotSteadiness steady;
  const TimePoint start{};
  EXPECT_TRUE(steady.Observe(true, start));
  EXPECT_TRUE(steady.Observe(false, start + seconds(1)));
  EXPECT_TRUE(steady.Observe(false, start + seconds(60)));
  EXPECT_TRUE(steady.Observe(true, start + seconds(60)));
  EXPECT_TRUE(steady.Observe(false, start + seconds(70)));
  EXPECT_FALSE(steady.Observe(false, start + seconds(130)));
  EXPECT_FALSE(steady.Observe(true, start + seconds(131)));
  EXPECT_TRUE(steady.Observe(true, start + seconds(191)));
}

TEST(SlotSteadiness, TheFirstObservationCountsAtOnce) {
  SlotSteadiness steady;
  EXPECT_FALSE(steady.Observe(false, TimePoint{}));
}

}  // namespace
}  // namespace sb::metrics_api
