// Acquiring and renewing. The names in comments are those of the same case in client-go.
#include "operator/kube/leader_elector.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "operator/kube/leader_elector_fixture.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

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

struct OptionsCase {
  const char* what;
  LeaderElectorOptions options;
  const char* refused;  // "" if valid
};

TEST(LeaderElectorOptions, AreChecked) {
  const ObjectKey kLease{"system", "operator"};
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
