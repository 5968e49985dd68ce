#include "app/jobs/sum_squares.h"

#include <gtest/gtest.h>

namespace todo::jobs {
namespace {

TEST(SumSquares, IsExactBeyond64Bits) {
  EXPECT_EQ(SumSquares(0), "0");
  EXPECT_EQ(SumSquares(1), "0");
  EXPECT_EQ(SumSquares(4), "14");
  // (n-1) n (2n-1) / 6 of 4 million
  EXPECT_EQ(SumSquares(4'000'000), "21333325333334000000");
}

TEST(SumSquares, EndsWhenNobodyWantsTheResult) {
  const std::atomic<bool> stop{true};
  EXPECT_EQ(SumSquares(kMostSquares, &stop), std::nullopt);
}

}  // namespace
}  // namespace todo::jobs
