#include "common/time.h"

#include <gtest/gtest.h>

namespace sb {
namespace {

TEST(TimeTest, WritesWhatKubernetesWrites) {
  WallTime time =
      std::chrono::system_clock::from_time_t(1795444800) + std::chrono::microseconds(42);
  EXPECT_EQ(FormatTime(time), "2026-11-23T14:40:00Z");
  EXPECT_EQ(FormatMicroTime(time), "2026-11-23T14:40:00.000042Z");
  EXPECT_EQ(ParseTime("2026-11-23T14:40:00.000042Z"), time);
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  EXPECT_FALSE(ParseTime(""));
  EXPECT_FALSE(ParseTime("2026-11-23"));
  EXPECT_FALSE(ParseTime("2026-11-23T14:40:00+01:00"));
}

}  // namespace
}  // namespace sb
