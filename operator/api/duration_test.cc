#include "operator/api/duration.h"

#include <gtest/gtest.h>

namespace sb::api {
namespace {

TEST(Duration, ReadsWhatPeopleWrite) {
  const struct {
    const char* text;
    long long seconds;  // -1: not a duration
  } cases[] = {
      {"30s", 30},
      {"2m", 120},
      {"1h30m", 5400},
      {"1h0m5s", 3605},
      {"0s", 0},
      {"90s", 90},
      {"", -1},
      {"30", -1},
      {"2 m", -1},
      {"30m1h", -1},
      {"s", -1},
      {"1m1m", -1},
      {"-1s", -1},
      {"1.5h", -1},
      {"5ms", -1},
      {"1d", -1},
      {"1hm", -1},
      {"99999h", -1},
      {"99999999999999999999s", -1},
  };
  for (const auto& each : cases) {
    const auto duration = ParseDuration(each.text);
    EXPECT_EQ(duration ? duration->count() : -1, each.seconds) << each.text;
  }
}

}  // namespace
}  // namespace sb::api
