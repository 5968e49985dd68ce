// What the tests of LeaderElector share.
#pragma once

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>

#include "common/metrics/exposition.h"
#include "common/testing/fake_clock.h"
#include "operator/kube/leader_elector.h"
#include "operator/kube/metrics.h"
#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {

class LeaderElectorTest : public testing::Test {
 protected:
  const ObjectKey kLease{"system", "operator"};

  std::unique_ptr<LeaderElector> Make(const std::string& identity, const Clock& clock) {
    return std::make_unique<LeaderElector>(
        client_, LeaderElectorOptions{.lease = kLease, .identity = identity, .metrics = &metrics_},
        clock);
  }
  // A Lease as somebody else wrote it.
  void PutLease(const std::string& holder, int seconds = 15) {
    server_.Put(Leases(), {{"metadata", {{"name", "operator"}, {"namespace", "system"}}},
                           {"spec",
                            {{"holderIdentity", holder},
                             {"leaseDurationSeconds", seconds},
                             {"leaseTransitions", 3},
                             {"acquireTime", "2020-01-01T00:00:00.000000Z"},
                             {"renewTime", "2020-01-01T00:00:00.000000Z"}}}});
  }
  bool Exposes(const std::string& line) const {
    return metrics::Exposition({&registry_}).find("\n" + line + "\n") != std::string::npos;
  }
  Json Spec() { return server_.Get(Leases(), kLease).value()["spec"]; }

  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  FakeApiServer server_;
  Client client_{server_};
  FakeClock clock_;
  std::unique_ptr<LeaderElector> a_ = Make("a", clock_);
  std::unique_ptr<LeaderElector> b_ = Make("b", clock_);
};

}  // namespace sb::kube
