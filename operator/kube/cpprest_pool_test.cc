// Not a test: what the tests of the transport leave to the library's pool is finished before the
// process ends. Else a cancelled connection whose last steps are still queued counts as a leak.
#include <gtest/gtest.h>
#include <pplx/pplxtasks.h>

#include "operator/kube/cpprest_transport.h"

namespace sb::kube {
namespace {

class DrainedPool : public testing::Environment {
 public:
  void TearDown() override {
    PrepareProcess();
    // One thread, first in, first out; a step may queue the next one.
    for (int step = 0; step < 50; ++step) pplx::create_task([] {}).wait();
  }
};

const testing::Environment* const kDrained = testing::AddGlobalTestEnvironment(new DrainedPool);

}  // namespace
}  // namespace sb::kube
