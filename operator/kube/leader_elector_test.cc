#include "operator/kube/leader_elector.h"

#include <gtest/gtest.h>

#include <latch>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_clock.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const ObjectKey kLease{"system", "operator"};

class LeaderElectorTest : public testing::Test {
 protected:
  std::unique_ptr<LeaderElector> Make(const std::string& identity, const Clock& clock) {
    return std::make_unique<LeaderElector>(
        client_, LeaderElectorOptions{.lease = kLease, .identity = identity}, clock);
  }
  Json Spec() { return server_.Get(Leases(), kLease).value()["spec"]; }

  FakeApiServer server_;
  Client client_{server_};
  FakeClock clock_;
  std::unique_ptr<LeaderElector> a_ = Make("a", clock_);
  std::unique_ptr<LeaderElector> b_ = Make("b", clock_);
};

TEST_F(LeaderElectorTest, AcquiresFromNothing) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "a");
  EXPECT_EQ(Spec()["leaseDurationSeconds"], 15);
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
  EXPECT_EQ(Spec()["acquireTime"], Spec()["renewTime"]);
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  EXPECT_EQ(b_->Leader(), "a");
}

TEST_F(LeaderElectorTest, RenewsWithOneRequest) {
  a_->TryAcquireOrRenew();
  const Json before = Spec();
  server_.ClearRequests();
  clock_.Advance(2s);
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(server_.requests().size(), 1u);
  EXPECT_EQ(Spec()["acquireTime"], before["acquireTime"]);
  EXPECT_NE(Spec()["renewTime"], before["renewTime"]);
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
}

TEST_F(LeaderElectorTest, TakesOverOnlyAfterTheLeaseHasNotChangedForItsOwnDuration) {
  a_->TryAcquireOrRenew();
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  for (int i = 0; i < 10; ++i) {  // a renews: b's patience starts over each time
    clock_.Advance(10s);
    EXPECT_TRUE(a_->TryAcquireOrRenew());
    EXPECT_FALSE(b_->TryAcquireOrRenew());
  }
  clock_.Advance(14s);
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  clock_.Advance(1s);
  EXPECT_TRUE(b_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "b");
  EXPECT_EQ(Spec()["leaseTransitions"], 1);
  EXPECT_FALSE(a_->TryAcquireOrRenew()) << "the old leader sees that it has lost";
  EXPECT_EQ(a_->Leader(), "b");
}

TEST_F(LeaderElectorTest, DoesNotBelieveOtherPeoplesClocks) {
  a_->TryAcquireOrRenew();
  clock_.JumpWall(24h);  // the record now looks a day old
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  clock_.Advance(14s);
  clock_.JumpWall(-48h);
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  clock_.Advance(1s);
  EXPECT_TRUE(b_->TryAcquireOrRenew());
}

TEST_F(LeaderElectorTest, HonoursTheDurationOfWhoHoldsIt) {
  server_.Put(
      Leases(),
      {{"metadata", {{"name", "operator"}, {"namespace", "system"}, {"labels", {{"x", "y"}}}}},
       {"spec", {{"holderIdentity", "c"}, {"leaseDurationSeconds", 60}, {"strategy", "Z"}}}});
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  clock_.Advance(59s);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  clock_.Advance(1s);
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["strategy"], "Z") << "unknown fields stay";
  EXPECT_EQ(server_.Get(Leases(), kLease).value()["metadata"]["labels"]["x"], "y");
}

TEST_F(LeaderElectorTest, ARaceIsLostByTheSlower) {
  a_->TryAcquireOrRenew();
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  clock_.Advance(16s);
  server_.OnRequest([&](const Request& request) {
    if (request.method != "PUT") return;
    server_.OnRequest(nullptr);
    server_.Edit(Leases(), kLease, [](Json& lease) { lease["spec"]["holderIdentity"] = "c"; });
  });
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "c");
}

TEST_F(LeaderElectorTest, AForeignTouchOfTheLeaseCostsNotTheLead) {
  a_->TryAcquireOrRenew();
  server_.Edit(Leases(), kLease, [](Json& lease) { lease["metadata"]["labels"]["x"] = "y"; });
  EXPECT_TRUE(a_->TryAcquireOrRenew()) << "fast path fails, slow path renews";
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
}

TEST_F(LeaderElectorTest, AReleasedLeaseIsTakenAtOnce) {
  a_->TryAcquireOrRenew();
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  server_.FailNext({.method = "PUT"}, 409, "Conflict");  // a renewal of ours landed late
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
  EXPECT_TRUE(b_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "b") << "only what is ours is released";
}

TEST_F(LeaderElectorTest, LosesWhenItCannotRenewInTime) {
  std::latch started(1);
  std::latch lost(1);
  LeaderElector elector(client_,
                        {.lease = kLease,
                         .identity = "x",
                         .lease_duration = 15s,
                         .renew_deadline = 10s,
                         .retry_period = 1ms,
                         .on_started = [&] { started.count_down(); },
                         .on_lost = [&] { lost.count_down(); }},
                        clock_);
  elector.Start();
  started.wait();
  EXPECT_TRUE(elector.IsLeader());
  EXPECT_TRUE(elector.WaitForLeadership({}));
  server_.DropNext({.times = -1});
  clock_.Advance(10s);
  lost.wait();
  EXPECT_FALSE(elector.IsLeader());
}

TEST_F(LeaderElectorTest, LosesAtOnceWhenSomebodyElseHoldsTheLease) {
  std::latch started(1);
  std::latch lost(1);
  LeaderElector elector(client_,
                        {.lease = kLease,
                         .identity = "x",
                         .retry_period = 1ms,
                         .on_started = [&] { started.count_down(); },
                         .on_lost = [&] { lost.count_down(); }},
                        clock_);
  elector.Start();
  started.wait();
  server_.Edit(Leases(), kLease, [](Json& lease) { lease["spec"]["holderIdentity"] = "thief"; });
  lost.wait();
  elector.Stop();
  EXPECT_EQ(Spec()["holderIdentity"], "thief");
}

TEST_F(LeaderElectorTest, StopReleasesAndDoesNotCallOnLost) {
  std::latch started(1);
  bool lost = false;
  LeaderElector elector(client_,
                        {.lease = kLease,
                         .identity = "x",
                         .on_started = [&] { started.count_down(); },
                         .on_lost = [&] { lost = true; }},
                        clock_);
  elector.Start();
  started.wait();
  elector.Stop();
  EXPECT_EQ(Spec()["holderIdentity"], "");
  EXPECT_FALSE(lost);
  EXPECT_FALSE(elector.IsLeader());
}

TEST_F(LeaderElectorTest, IdentitiesAreUnique) { EXPECT_NE(MakeIdentity(), MakeIdentity()); }

}  // namespace
}  // namespace sb::kube
