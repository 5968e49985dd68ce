// Not a test: see DrainedPool.
#include "operator/kube/testing/drained_pool.h"

namespace sb::promql {
namespace {

const testing::Environment* const kDrained =
    testing::AddGlobalTestEnvironment(new kube::DrainedPool);

}  // namespace
}  // namespace sb::promql
