// Releasing, losing and stopping. The names in comments are those of the same case in client-go.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <latch>
#include <thread>

#include "operator/kube/leader_elector_fixture.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

class LeaderElectorEndTest : public LeaderElectorTest {};

TEST_F(LeaderElectorEndTest, AReleasedLeaseIsTakenAtOnce) {
  a_->TryAcquireOrRenew();
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  server_.FailNext({.method = "PUT"}, 409, "Conflict");  // a renewal of ours landed late
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
  EXPECT_TRUE(b_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "b") << "only what is ours is released";
}

// TestReleaseLease: release from none.
TEST_F(LeaderElectorEndTest, ReleasesNothingThatItNeverHeld) {
  a_->Release();
  EXPECT_EQ(server_.requests().size(), 0u);
  PutLease("other");
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "other");
  EXPECT_EQ(server_.writes().size(), 0u);
}

TEST_F(LeaderElectorEndTest, ReleasingALeaseThatIsGoneIsNoError) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  server_.Remove(Leases(), kLease);
  a_->Release();
  EXPECT_FALSE(server_.Get(Leases(), kLease).has_value()) << "must not be made again";
}

// A claim or renewal that the client gave up on may have reached the server all the same; without a
// release the next leader waits for 15 s.
TEST_F(LeaderElectorEndTest, ReleasesAClaimThatGotNoAnswer) {
  server_.DropNext({.method = "POST"}, /*after_work=*/true);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "a");
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

// TestReleaseLease: an UPDATE in flight was cancelled.
TEST_F(LeaderElectorEndTest, ReleasesATakeOverThatGotNoAnswer) {
  PutLease("");
  server_.DropNext({.method = "PUT"}, /*after_work=*/true);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

TEST_F(LeaderElectorEndTest, ReleasesAfterARenewalThatGotNoAnswer) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  server_.DropNext({.method = "PUT", .times = 2}, /*after_work=*/true);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

// TestReleaseLease: a GET in flight was cancelled.
TEST_F(LeaderElectorEndTest, AReadThatGotNoAnswerClaimsNothing) {
  PutLease("");
  server_.DropNext({.method = "GET"});
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(server_.writes().size(), 0u);
}

TEST_F(LeaderElectorEndTest, ReleaseTriesAgainWhenItIsCutOff) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  server_.DropNext({.method = "GET"});
  server_.DropNext({.method = "PUT"});
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

TEST_F(LeaderElectorEndTest, ALeaderThatIsStuckIsUnhealthy) {
  EXPECT_TRUE(a_->Healthy()) << "a standby has nothing to renew";
  std::latch leads(1);
  std::latch end(1);
  LeaderElector elector(client_,
                        {.lease = kLease,
                         .identity = "x",
                         .on_started =
                             [&] {
                               leads.count_down();
                               end.wait();
                             }},
                        clock_);
  ASSERT_TRUE(elector.Start());
  leads.wait();
  EXPECT_TRUE(elector.Healthy());
  clock_.Advance(26s);
  EXPECT_FALSE(elector.Healthy()) << "the kubelet has to restart it";
  end.count_down();
  elector.Stop();
}

TEST_F(LeaderElectorEndTest, LosesWhenItCannotRenewInTime) {
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
  ASSERT_TRUE(elector.Start());
  started.wait();
  EXPECT_TRUE(elector.IsLeader());
  EXPECT_TRUE(elector.WaitForLeadership({}));
  server_.DropNext({.times = -1});
  clock_.Advance(10s);
  lost.wait();
  EXPECT_FALSE(elector.IsLeader());
}

TEST_F(LeaderElectorEndTest, LosesAtOnceWhenSomebodyElseHoldsTheLease) {
  std::latch started(1);
  std::latch lost(1);
  LeaderElector elector(client_,
                        {.lease = kLease,
                         .identity = "x",
                         .retry_period = 1ms,
                         .on_started = [&] { started.count_down(); },
                         .on_lost = [&] { lost.count_down(); }},
                        clock_);
  ASSERT_TRUE(elector.Start());
  started.wait();
  server_.Edit(Leases(), kLease, [](Json& lease) { lease["spec"]["holderIdentity"] = "thief"; });
  lost.wait();
  elector.Stop();
  EXPECT_EQ(Spec()["holderIdentity"], "thief");
}

TEST_F(LeaderElectorEndTest, StopReleasesAndDoesNotCallOnLost) {
  std::latch started(1);
  bool lost = false;
  LeaderElector elector(client_,
                        {.lease = kLease,
                         .identity = "x",
                         .on_started = [&] { started.count_down(); },
                         .on_lost = [&] { lost = true; }},
                        clock_);
  ASSERT_TRUE(elector.Start());
  started.wait();
  elector.Stop();
  EXPECT_EQ(Spec()["holderIdentity"], "");
  EXPECT_FALSE(lost);
  EXPECT_FALSE(elector.IsLeader());
}

// controller-runtime: a manager that is stopped before it leads never starts its controllers.
TEST_F(LeaderElectorEndTest, StoppedBeforeItLeadsItNeverStarts) {
  PutLease("other");
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  const auto before = threads();
  std::atomic<bool> started = false;
  {
    LeaderElector elector(client_,
                          {.lease = kLease,
                           .identity = "x",
                           .retry_period = 1ms,
                           .on_started = [&] { started = true; }},
                          clock_);
    ASSERT_TRUE(elector.Start());
    std::jthread waits(
        [&](std::stop_token stop) { EXPECT_FALSE(elector.WaitForLeadership(stop)); });
  }
  EXPECT_FALSE(started);
  EXPECT_EQ(Spec()["holderIdentity"], "other");
  EXPECT_EQ(threads(), before) << "a thread is left behind";
}

}  // namespace
}  // namespace sb::kube
