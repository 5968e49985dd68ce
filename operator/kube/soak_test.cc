// Ten minutes of everything that can go wrong, in a second each. SB_SOAK_SEEDS=100-300 runs others
// than the few of ctest: `kube_test --gtest_filter='*Soak*OtherSeeds'`.
#include "operator/kube/testing/soak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::Not;

class SoakTest : public testing::TestWithParam<std::uint32_t> {};

SoakResult Soak(std::uint32_t seed) {
  SoakResult result = RunSoak(SoakPlan::FromSeed(seed));
  EXPECT_THAT(result.objections, IsEmpty()) << "seed " << seed << ": " << result.summary;
  std::printf("soak seed=%u %s\n", seed, result.summary.c_str());
  return result;
}

TEST_P(SoakTest, TheCacheFollowsTheServer) {
  const SoakResult result = Soak(GetParam());
  // It must have been a soak.
  EXPECT_GT(result.events, 500u) << result.summary;
  EXPECT_GT(result.connections, 5u) << result.summary;
  EXPECT_GT(result.restarts, 0) << result.summary;
}
INSTANTIATE_TEST_SUITE_P(Seed, SoakTest, testing::Range(1u, 25u));

// The soak would notice: a network that swallows one event of thousands, and nothing else wrong.
TEST(SoakSabotage, OneLostEventIsNoticed) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    SoakPlan plan = SoakPlan::FromSeed(seed);
    plan.length = 1min;
    plan.trouble = false;
    plan.traits = {.field_owners = false};  // no bookmark that could be swallowed instead
    const auto lose = [](int which) -> FaultScript {
      return [which, watches = std::make_shared<int>(0)](const Request& request) -> Fault {
        const bool watch = Target(request).find("watch=true") != std::string::npos;
        if (!watch || ++*watches != which) return {};
        return {.kind = Fault::Kind::kLoseLine, .after_bytes = 5'000};
      };
    };
    plan.faults = lose(0);
    const SoakResult honest = RunSoak(plan);
    EXPECT_THAT(honest.objections, IsEmpty()) << "seed " << seed << ": " << honest.summary;
    plan.faults = lose(1);
    const SoakResult sabotaged = RunSoak(plan);
    ASSERT_THAT(sabotaged.objections, Not(IsEmpty())) << "seed " << seed;
    EXPECT_THAT(sabotaged.objections[0], testing::HasSubstr("was missed")) << "seed " << seed;
    EXPECT_EQ(sabotaged.writes, honest.writes) << "the same seed is the same story";
  }
}

TEST(SoakMore, OtherSeeds) {
  const char* seeds = std::getenv("SB_SOAK_SEEDS");
  unsigned from = 0, to = 0;
  if (!seeds || std::sscanf(seeds, "%u-%u", &from, &to) != 2) {
    GTEST_SKIP() << "SB_SOAK_SEEDS=first-last";
  }
  for (unsigned seed = from; seed <= to && !testing::Test::HasFailure(); ++seed) Soak(seed);
}

}  // namespace
}  // namespace sb::kube
