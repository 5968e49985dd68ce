// The arithmetic of autoscaling/v2; expected values by the rules of
// kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details.
#include "operator/scaling/formula.h"

#include <gtest/gtest.h>

namespace sb::scaling {
namespace {

using api::TargetType;

TEST(Formula, OfATotal) {
  const struct {
    const char* what;
    TargetType type;
    double target, value;
    Counts counts;
    Tolerance tolerance;
    int replicas;
  } cases[] = {
      {"8 with a target of 2", TargetType::kAverageValue, 2, 8, {8, 8}, {}, 4},
      {"Value multiplies the pods", TargetType::kValue, 2, 8, {8, 8}, {}, 32},
      {"rounds up", TargetType::kAverageValue, 500, 1730, {2, 2}, {}, 4},
      {"10 % above is tolerated", TargetType::kAverageValue, 100, 440, {4, 4}, {}, 4},
      {"more is not", TargetType::kAverageValue, 100, 441, {4, 4}, {}, 5},
      {"10 % below is tolerated", TargetType::kAverageValue, 100, 360, {4, 4}, {}, 4},
      {"less is not, but a pod is whole", TargetType::kAverageValue, 100, 350, {4, 4}, {}, 4},
      {"a quarter less", TargetType::kAverageValue, 100, 300, {4, 4}, {}, 3},
      {"a tolerance of its own, up", TargetType::kAverageValue, 100, 410, {4, 4}, {0, 0.1}, 5},
      {"a tolerance of its own, down", TargetType::kAverageValue, 100, 290, {4, 4}, {0.1, 0.5}, 4},
      {"nothing", TargetType::kAverageValue, 100, 0, {4, 4}, {}, 0},
      {"from zero", TargetType::kAverageValue, 100, 250, {0, 0}, {}, 3},
      {"Value from zero", TargetType::kValue, 100, 250, {0, 0}, {}, 3},
      {"nothing from zero", TargetType::kAverageValue, 100, 0, {0, 0}, {}, 0},
      {"overload in a roll-out never lowers", TargetType::kValue, 100, 120, {10, 2}, {}, 10},
      {"no pod ready", TargetType::kValue, 100, 20, {10, 0}, {}, 10},
      {"surge pods do not count", TargetType::kAverageValue, 100, 400, {4, 5}, {}, 4},
      {"what a division leaves over", TargetType::kAverageValue, 0.1, 0.3, {1, 1}, {}, 3},
      {"a huge value", TargetType::kAverageValue, 0.001, 9e15, {1, 1}, {}, 1'000'000},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(ForTotal(each.type, each.target, each.value, each.counts, each.tolerance).replicas,
              each.replicas)
        << each.what;
  }
}

PodValue At(double value) { return {true, true, value}; }
PodValue Unready(double value) { return {true, false, value}; }
const PodValue kMissing{false, true, 0};

TEST(Formula, OfPods) {
  const struct {
    const char* what;
    TargetType type;
    double target;
    std::vector<PodValue> pods;
    int replicas;
  } cases[] = {
      {"at the target", TargetType::kAverageUtilization, 70, {At(70), At(72)}, 2},
      {"twice", TargetType::kAverageUtilization, 70, {At(140), At(140)}, 4},
      {"half", TargetType::kAverageValue, 100, {At(50), At(50), At(50), At(50)}, 2},
      {"scaling out: a missing pod is idle",
       TargetType::kAverageUtilization,
       70,
       {At(140), At(140), kMissing},
       4},
      {"scaling out: an unready pod is idle",
       TargetType::kAverageUtilization,
       70,
       {At(140), Unready(500)},
       2},
      {"scaling in: a missing pod is at 100 %",
       TargetType::kAverageUtilization,
       70,
       {At(20), At(20), kMissing},
       2},
      {"scaling in: an unready pod has no say",
       TargetType::kAverageValue,
       100,
       {At(50), At(50), Unready(900)},
       1},
      {"turned by the missing: stays",
       TargetType::kAverageUtilization,
       70,
       {At(60), kMissing, kMissing},
       3},
      {"no value at all: stays", TargetType::kAverageUtilization, 70, {kMissing, kMissing}, 2},
      {"only unready: stays", TargetType::kAverageUtilization, 70, {Unready(500)}, 1},
  };
  for (const auto& each : cases) {
    const int current = static_cast<int>(each.pods.size());
    EXPECT_EQ(ForPods(each.type, each.target, each.pods, current, {}).replicas, each.replicas)
        << each.what;
  }
}

}  // namespace
}  // namespace sb::scaling
