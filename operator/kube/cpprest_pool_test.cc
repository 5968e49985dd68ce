// Not a test: see DrainedPool.
#include "operator/kube/testing/drained_pool.h"

namespace sb::kube {
namespace {

const testing::Environment* const kDrained = testing::AddGlobalTestEnvironment(new DrainedPool);

}  // namespace
}  // namespace sb::kube
