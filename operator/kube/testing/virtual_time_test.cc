#include "operator/kube/testing/virtual_time.h"

#include <gtest/gtest.h>

#include <string>

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

TEST(VirtualTimeTest, PassesOnlyWhileSomebodyWaitsAndInOrder) {
  VirtualTime time;
  std::string done;
  const TimePoint begun = time.Now();
  time.After(2s, [&] { done += "b"; });
  time.After(1s, [&] {
    done += "a";
    time.After(1s, [&] { done += "c"; });
  });
  EXPECT_EQ(done, "");
  time.Sleep(1500ms, {});
  EXPECT_EQ(done, "a");
  EXPECT_EQ(time.Now() - begun, 1500ms);
  std::stop_source stop;
  time.After(1s, [&] { stop.request_stop(); });
  time.Sleep(1h, stop.get_token());
  EXPECT_EQ(done, "abc");
  EXPECT_EQ(time.Now() - begun, 2500ms) << "stop wakes a sleeper";
  const WallTime wall = time.WallNow();
  time.JumpWall(-1h);
  EXPECT_EQ(wall - time.WallNow(), 1h);
  EXPECT_EQ(time.Now() - begun, 2500ms);
}

}  // namespace
}  // namespace sb::kube
