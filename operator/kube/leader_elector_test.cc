#include "operator/kube/leader_elector.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <latch>
#include <thread>
#include <vector>

#include "common/metrics/exposition.h"
#include "operator/kube/metrics.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_clock.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

const ObjectKey kLease{"system", "operator"};

// The names in comments are those of the same case in client-go.
class LeaderElectorTest : public testing::Test {
 protected:
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

TEST_F(LeaderElectorTest, AcquiresFromNothing) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "a");
  EXPECT_EQ(Spec()["leaseDurationSeconds"], 15);
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
  EXPECT_EQ(Spec()["acquireTime"], Spec()["renewTime"]);
  EXPECT_FALSE(b_->TryAcquireOrRenew());
  EXPECT_EQ(b_->Leader(), "a");
}

// TestTryAcquireOrRenew: acquire from unheld object.
TEST_F(LeaderElectorTest, AcquiresWhatNobodyHoldsAtOnce) {
  PutLease("");
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "a");
  EXPECT_EQ(Spec()["leaseTransitions"], 4);
  EXPECT_NE(Spec()["acquireTime"], "2020-01-01T00:00:00.000000Z");
}

// … acquire from expired object. Expired means: we have watched it long enough.
TEST_F(LeaderElectorTest, AcquiresFromAHolderThatDied) {
  PutLease("dead");
  EXPECT_FALSE(a_->TryAcquireOrRenew()) << "its timestamps are old, but whose clock wrote them?";
  clock_.Advance(15s);
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["leaseTransitions"], 4);
}

// … don't acquire from led, acked object.
TEST_F(LeaderElectorTest, LeavesALiveHolderAlone) {
  PutLease("other");
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(a_->TryAcquireOrRenew());
    clock_.Advance(14s);
    server_.Edit(Leases(), kLease, [&](Json& lease) { lease["spec"]["renewTime"] = i; });
  }
  EXPECT_EQ(server_.writes().size(), 0u);
  EXPECT_EQ(a_->Leader(), "other");
}

// … renew already acquired object: after a restart under the same name.
TEST_F(LeaderElectorTest, RenewsWhatItHeldBefore) {
  PutLease("a");
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["leaseTransitions"], 3);
  EXPECT_EQ(Spec()["acquireTime"], "2020-01-01T00:00:00.000000Z");
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

// Not covered by client-go: an administrator or NTP moves the clock while we lead or wait.
TEST_F(LeaderElectorTest, AJumpOfTheClockByAnHourChangesNothing) {
  for (const Duration jump : {Duration(1h), Duration(-1h)}) {
    a_->Release();
    ASSERT_TRUE(a_->TryAcquireOrRenew());
    ASSERT_FALSE(b_->TryAcquireOrRenew());
    clock_.JumpWall(jump);
    EXPECT_FALSE(b_->TryAcquireOrRenew()) << "took over from a live leader";
    clock_.Advance(2s);
    EXPECT_TRUE(a_->TryAcquireOrRenew()) << "lost the lead to a clock";
    EXPECT_TRUE(a_->Healthy());
    EXPECT_FALSE(b_->TryAcquireOrRenew());
    clock_.JumpWall(jump);
    clock_.Advance(14s);
    EXPECT_FALSE(b_->TryAcquireOrRenew());
  }
}

// TestLeaderElection's check for races: of many that try at once exactly one wins.
TEST_F(LeaderElectorTest, OfManyAtOnceOneWins) {
  for (int round = 0; round < 20; ++round) {
    server_.Remove(Leases(), kLease);
    if (round % 2) PutLease("");
    std::vector<std::unique_ptr<LeaderElector>> electors;
    for (int i = 0; i < 6; ++i) electors.push_back(Make("e" + std::to_string(i), clock_));
    std::atomic<int> winners = 0;
    {
      std::latch go(6);
      std::vector<std::jthread> threads;
      for (auto& elector : electors) {
        threads.emplace_back([&] {
          go.arrive_and_wait();
          for (int i = 0; i < 5; ++i) {
            const bool won = elector->TryAcquireOrRenew();
            if (i == 4 && won) ++winners;
          }
        });
      }
    }
    EXPECT_EQ(winners, 1) << "two would write against each other";
  }
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
  EXPECT_TRUE(Exposes(R"(leader_election_slowpath_total{name="operator"} 0)"));
  server_.ClearRequests();
  EXPECT_TRUE(a_->TryAcquireOrRenew()) << "fast path fails, slow path renews";
  EXPECT_EQ(server_.requests().size(), 3u) << "PUT, GET, PUT";
  EXPECT_TRUE(Exposes(R"(leader_election_slowpath_total{name="operator"} 1)"));
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

// TestReleaseLease: release from none.
TEST_F(LeaderElectorTest, ReleasesNothingThatItNeverHeld) {
  a_->Release();
  EXPECT_EQ(server_.requests().size(), 0u);
  PutLease("other");
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "other");
  EXPECT_EQ(server_.writes().size(), 0u);
}

TEST_F(LeaderElectorTest, ReleasingALeaseThatIsGoneIsNoError) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  server_.Remove(Leases(), kLease);
  a_->Release();
  EXPECT_FALSE(server_.Get(Leases(), kLease).has_value()) << "must not be made again";
}

// A claim or renewal that the client gave up on may have reached the server all the same; without a
// release the next leader waits for 15 s.
TEST_F(LeaderElectorTest, ReleasesAClaimThatGotNoAnswer) {
  server_.DropNext({.method = "POST"}, /*after_work=*/true);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  EXPECT_EQ(Spec()["holderIdentity"], "a");
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

// TestReleaseLease: an UPDATE in flight was cancelled.
TEST_F(LeaderElectorTest, ReleasesATakeOverThatGotNoAnswer) {
  PutLease("");
  server_.DropNext({.method = "PUT"}, /*after_work=*/true);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

TEST_F(LeaderElectorTest, ReleasesAfterARenewalThatGotNoAnswer) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  server_.DropNext({.method = "PUT", .times = 2}, /*after_work=*/true);
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

// TestReleaseLease: a GET in flight was cancelled.
TEST_F(LeaderElectorTest, AReadThatGotNoAnswerClaimsNothing) {
  PutLease("");
  server_.DropNext({.method = "GET"});
  EXPECT_FALSE(a_->TryAcquireOrRenew());
  a_->Release();
  EXPECT_EQ(server_.writes().size(), 0u);
}

TEST_F(LeaderElectorTest, ReleaseTriesAgainWhenItIsCutOff) {
  EXPECT_TRUE(a_->TryAcquireOrRenew());
  server_.DropNext({.method = "GET"});
  server_.DropNext({.method = "PUT"});
  a_->Release();
  EXPECT_EQ(Spec()["holderIdentity"], "");
}

TEST_F(LeaderElectorTest, ALeaderThatIsStuckIsUnhealthy) {
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
  ASSERT_TRUE(elector.Start());
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
  ASSERT_TRUE(elector.Start());
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
  ASSERT_TRUE(elector.Start());
  started.wait();
  elector.Stop();
  EXPECT_EQ(Spec()["holderIdentity"], "");
  EXPECT_FALSE(lost);
  EXPECT_FALSE(elector.IsLeader());
}

// controller-runtime: a manager that is stopped before it leads never starts its controllers.
TEST_F(LeaderElectorTest, StoppedBeforeItLeadsItNeverStarts) {
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

struct OptionsCase {
  const char* what;
  LeaderElectorOptions options;
  const char* refused;  // "" if valid
};

TEST(LeaderElectorOptions, AreChecked) {
  const OptionsCase cases[] = {
      {"the defaults", {.lease = kLease}, ""},
      {"no name", {.lease = {"system", ""}}, "name and a namespace"},
      {"no namespace", {.lease = {"", "operator"}}, "name and a namespace"},
      {"renewing as long as the lease lasts",
       {.lease = kLease, .lease_duration = 10s, .renew_deadline = 10s},
       "longer than renew_deadline"},
      {"retrying as slowly as the deadline",
       {.lease = kLease, .renew_deadline = 10s, .retry_period = 9s},
       "1.2 times retry_period"},
      {"a retry that just fits", {.lease = kLease, .renew_deadline = 10s, .retry_period = 8s}, ""},
      {"a lease of nothing",
       {.lease = kLease, .lease_duration = 0s, .renew_deadline = 0s, .retry_period = 0s},
       "at least 1 s"},
      {"retrying in a hot loop", {.lease = kLease, .retry_period = 0s}, "must be positive"},
  };
  FakeApiServer server;
  const Client client(server);
  for (const OptionsCase& each : cases) {
    const auto checked = Check(each.options);
    EXPECT_EQ(checked.has_value(), each.refused[0] == '\0') << each.what;
    if (checked) continue;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument) << each.what;
    EXPECT_NE(checked.error().message.find(each.refused), std::string::npos)
        << each.what << ": " << checked.error().message;
    LeaderElector elector(client, each.options);
    EXPECT_FALSE(elector.Start()) << each.what;
  }
}

TEST_F(LeaderElectorTest, IdentitiesAreUnique) { EXPECT_NE(MakeIdentity(), MakeIdentity()); }

}  // namespace
}  // namespace sb::kube
