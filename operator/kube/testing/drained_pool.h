// For test binaries whose connections are cpprestsdk's: what tests leave to its pool is finished
// before the process ends. Else a cancelled connection whose last steps are still queued counts as
// a leak. In one .cc of the binary:
//
//   const testing::Environment* const kDrained =
//       testing::AddGlobalTestEnvironment(new DrainedPool);
#pragma once

#include <gtest/gtest.h>
#include <openssl/crypto.h>
// After GoogleTest, which does not survive cpprestsdk's macro U.
#include <pplx/pplxtasks.h>

#include "operator/kube/cpprest_transport.h"

namespace sb::kube {

class DrainedPool : public testing::Environment {
 public:
  void TearDown() override {
    PrepareProcess();
    // One thread, first in, first out; a step may queue the next one.
    for (int step = 0; step < 50; ++step) pplx::create_task([] {}).wait();
    // Where OpenSSL was first used after the pool was made, it is cleaned up before the pool's
    // thread ends, and then nobody frees what it keeps for that thread.
    pplx::create_task([] { OPENSSL_thread_stop(); }).wait();
  }
};

}  // namespace sb::kube
