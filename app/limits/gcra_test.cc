#include "app/limits/gcra.h"

#include <gtest/gtest.h>

#include "app/limits/local_limiter.h"

namespace todo::limits {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr Rate kFiveAMinute{5, std::chrono::seconds(60)};

TEST(ParseRate, ReadsWhatPeopleWrite) {
  EXPECT_EQ(ParseRate("5/minute"), kFiveAMinute);
  EXPECT_EQ(ParseRate("100/10s"), (Rate{100, std::chrono::seconds(10)}));
  EXPECT_EQ(ParseRate("1/hour")->window, std::chrono::hours(1));
  for (const char* bad : {"", "5", "/minute", "0/minute", "-1/minute", "5/", "5/fortnight", "5/0s",
                          "5/86401s", "5/10", "5/minute ", "99999999/second", "5/10sx"}) {
    EXPECT_FALSE(ParseRate(bad)) << bad;
  }
}

TEST(Gcra, TheQuotaAtOnceThenOneAnInterval) {
  std::int64_t arrival = 0;
  const std::int64_t now = 1'000 * kSecond;
  for (int left = 4; left >= 0; --left) {
    const Level level = Take(kFiveAMinute, now, arrival);
    EXPECT_TRUE(level.allowed);
    EXPECT_EQ(level.Remaining(kFiveAMinute), left);
    EXPECT_EQ(level.ResetSeconds(), 12 * (5 - left));
  }
  const Level refused = Take(kFiveAMinute, now, arrival);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.Remaining(kFiveAMinute), 0);
  EXPECT_EQ(refused.RetrySeconds(kFiveAMinute), 12);
  EXPECT_FALSE(Take(kFiveAMinute, now + 12 * kSecond - 1, arrival).allowed);
  EXPECT_TRUE(Take(kFiveAMinute, now + 12 * kSecond, arrival).allowed);
  EXPECT_FALSE(Take(kFiveAMinute, now + 12 * kSecond, arrival).allowed);
}

TEST(Gcra, WhoTriesOnIsNotRefusedForLonger) {
  std::int64_t arrival = 0;
  for (int i = 0; i < 100; ++i) (void)Take(kFiveAMinute, 0, arrival);
  EXPECT_TRUE(Take(kFiveAMinute, 12 * kSecond, arrival).allowed);
}

TEST(Gcra, AClockThatWentBackLocksNobodyOut) {
  std::int64_t arrival = 1'000'000 * kSecond;
  const Level level = Take(kFiveAMinute, 100 * kSecond, arrival);
  EXPECT_FALSE(level.allowed);
  EXPECT_EQ(level.RetrySeconds(kFiveAMinute), 12);
}

TEST(LocalLimiter, CountsEachKeyAndAllChargesOrNone) {
  LocalLimiter limiter;
  const Rate two{2, std::chrono::seconds(60)};
  const std::vector<Charge> alice = {{"address", kFiveAMinute}, {"alice", two}};
  EXPECT_TRUE(limiter.Take(alice, kSecond)[1].allowed);
  EXPECT_TRUE(limiter.Take(alice, kSecond)[1].allowed);
  const auto refused = limiter.Take(alice, kSecond);
  EXPECT_TRUE(refused[0].allowed);
  EXPECT_FALSE(refused[1].allowed);
  EXPECT_EQ(refused[0].Remaining(kFiveAMinute), 3) << "a refused request was counted";
  const std::vector<Charge> bob = {{"address", kFiveAMinute}, {"bob", two}};
  EXPECT_EQ(limiter.Take(bob, kSecond)[0].Remaining(kFiveAMinute), 2);
}

TEST(LocalLimiter, AFloodOfKeysTakesNoMoreMemoryAndForgetsNoHeavyOne) {
  LocalLimiter limiter;
  const std::vector<Charge> heavy = {{"heavy", kFiveAMinute}};
  for (int i = 0; i < 5; ++i) limiter.Take(heavy, kSecond);
  const Rate light{1000, std::chrono::seconds(60)};
  for (int i = 0; i < 50'000; ++i) {
    const std::vector<Charge> one = {{"key" + std::to_string(i), light}};
    EXPECT_TRUE(limiter.Take(one, kSecond)[0].allowed);
  }
  EXPECT_FALSE(limiter.Take(heavy, kSecond)[0].allowed)
      << "who sends from many addresses gets rid of a limit";
}

}  // namespace
}  // namespace todo::limits
