#include "operator/kube/stop_timer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <optional>

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

// Until the token fires; false after 10 s.
bool Fires(std::stop_token token) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, token, 10s, [] { return false; });
  return token.stop_requested();
}

TEST(StopTimer, EndsWhatTakesTooLong) {
  StopTimer timer;
  std::stop_source source;
  const auto armed = timer.Arm(source, 5ms);
  EXPECT_TRUE(Fires(source.get_token())) << "a stuck pass would hold its worker for ever";
}

TEST(StopTimer, AnEarlierDeadlineThatComesLaterFiresInTime) {
  StopTimer timer;
  std::stop_source late;
  std::stop_source early;
  const auto armed_late = timer.Arm(late, 1h);
  const auto armed_early = timer.Arm(early, 5ms);
  EXPECT_TRUE(Fires(early.get_token()));
  EXPECT_FALSE(late.stop_requested());
}

TEST(StopTimer, WhatEndedInTimeIsLeftAlone) {
  StopTimer timer;
  std::stop_source ended;
  std::stop_source other;
  { const auto armed = timer.Arm(ended, 5ms); }
  const auto armed = timer.Arm(other, 20ms);
  EXPECT_TRUE(Fires(other.get_token()));
  EXPECT_FALSE(ended.stop_requested());
}

TEST(StopTimer, ACallbackMayArmAndDisarm) {
  StopTimer timer;
  std::stop_source outer;
  std::stop_source inner;
  std::stop_callback callback(outer.get_token(), [&] { const auto armed = timer.Arm(inner, 1h); });
  const auto armed = timer.Arm(outer, 5ms);
  EXPECT_TRUE(Fires(outer.get_token()));
}

}  // namespace
}  // namespace sb::kube
