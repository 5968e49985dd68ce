#include "app/cache/near_cache.h"

#include <gtest/gtest.h>

namespace todo::cache {
namespace {

using std::chrono::seconds;

const NearCache::Clock::time_point kStart{std::chrono::hours(100)};

TEST(NearCache, HoldsWhatItWasGivenUntilItIsTold) {
  NearCache near({}, kStart);
  near.Enable(true);
  EXPECT_EQ(near.Find(7), nullptr);
  near.Put(7, "bob");
  near.Put(8, "eve");
  ASSERT_NE(near.Find(7), nullptr);
  EXPECT_EQ(*near.Find(7), "bob");
  near.Put(7, "rob");
  EXPECT_EQ(*near.Find(7), "rob");
  near.Erase(7);
  near.Erase(9);
  EXPECT_EQ(near.Find(7), nullptr);
  EXPECT_NE(near.Find(8), nullptr);
  near.Flush();
  EXPECT_EQ(near.Find(8), nullptr);
  EXPECT_EQ(near.stats().invalidations.load(), 1u);
  EXPECT_EQ(near.stats().flushes.load(), 1u);
  EXPECT_EQ(near.stats().hits.load(), 4u);
  EXPECT_EQ(near.stats().misses.load(), 3u);
}

// A clock counts from the machine's start: what came before the first Tick is no older for it.
TEST(NearCache, WhatItWasGivenBeforeTheFirstTickStaysAsLong) {
  NearCache near({.most_age = seconds(30)}, kStart);
  near.Enable(true);
  near.Put(7, "bob");
  near.Tick(kStart + seconds(1));
  EXPECT_NE(near.Find(7), nullptr);
  near.Tick(kStart + seconds(30));
  EXPECT_EQ(near.Find(7), nullptr);
}

TEST(NearCache, WithoutAConnectionThatTellsItHoldsNothing) {
  NearCache near({}, kStart);
  near.Put(7, "bob");
  EXPECT_EQ(near.Find(7), nullptr);
  near.Enable(true);
  EXPECT_EQ(near.Find(7), nullptr);
  near.Put(7, "bob");
  near.Enable(false);
  EXPECT_EQ(near.Find(7), nullptr);
  near.Enable(true);
  EXPECT_EQ(near.Find(7), nullptr) << "it may have changed meanwhile";
}

TEST(NearCache, AnEntryGrowsOld) {
  NearCache near({.most_age = seconds(30)}, kStart);
  near.Enable(true);
  const NearCache::Clock::time_point start = kStart;
  near.Tick(start);
  near.Put(7, "bob");
  near.Tick(start + seconds(29));
  EXPECT_NE(near.Find(7), nullptr);
  near.Tick(start + seconds(30));
  EXPECT_EQ(near.Find(7), nullptr);
}

TEST(NearCache, MemoryIsBoundAndWhatIsAskedForStays) {
  NearCache near({.most_bytes = 20'000}, kStart);
  near.Enable(true);
  near.Put(0, "wanted");
  for (int key = 1; key < 10'000; ++key) {
    near.Put(key, std::string(static_cast<std::size_t>(key % 100), 'x'));
    ASSERT_LE(near.stats().bytes.load(), 20'000u);
    ASSERT_NE(near.Find(0), nullptr) << "after " << key;
  }
  EXPECT_GT(near.stats().entries.load(), 50u);
  EXPECT_GT(near.stats().evictions.load(), 9'000u);
  near.Put(1, std::string(30'000, 'x'));
  EXPECT_EQ(near.Find(1), nullptr) << "larger than everything it may hold";
  EXPECT_NE(near.Find(0), nullptr);
}

}  // namespace
}  // namespace todo::cache
