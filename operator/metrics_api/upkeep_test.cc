#include "operator/metrics_api/upkeep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "common/base64.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/metrics_api/test_authority.h"
#include "operator/metrics_api/test_clock.h"

namespace sb::metrics_api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

const kube::ObjectKey kSecretKey{"scalablebackend-system", "scalablebackend-metrics-api-tls"};

Json ApiService(const std::string& namespace_name, const std::string& name) {
  return {{"apiVersion", "apiregistration.k8s.io/v1"},
          {"kind", "APIService"},
          {"metadata", {{"name", kApiServiceName}}},
          {"spec", {{"service", {{"namespace", namespace_name}, {"name", name}}}}}};
}

Json Authorities(const std::string& client_ca_pem) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", kAuthenticationConfigMap}, {"namespace", "kube-system"}}},
          {"data", {{"client-ca-file", client_ca_pem}}}};
}

class UpkeepTest : public testing::Test {
 protected:
  UpkeepTest() {
    server_.Put(kube::ConfigMaps(), Authorities(""));
    server_.Put(kube::ApiServices(),
                ApiService("scalablebackend-system", "scalablebackend-metrics-api"));
  }

  void Start(bool leading = true) {
    upkeep_ = std::make_unique<Upkeep>(
        client_, authenticator_, certificate_, [leading] { return leading; },
        [this](const ApiServiceState& state) {
          const std::lock_guard lock(mutex_);
          states_.push_back(state.owner);
          told_.notify_all();
        });
  }
  // Waits until `done` holds; looks again after each state told, and every few milliseconds.
  template <typename Predicate>
  bool Eventually(Predicate done) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      told_.wait_for(lock, 2ms);
    }
    return true;
  }
  bool Serves(const std::string& certificate_pem) const {
    const auto current = certificate_.Current();
    return current && current->certificate_chain_pem == certificate_pem;
  }
  std::string Field(const char* key) const {
    const auto secret = server_.Get(kube::Secrets(), kSecretKey);
    return secret ? *DecodeBase64(StringAt(*secret, {"data", key})) : "";
  }

  TestClock clock_;
  kube::FakeApiServer server_{clock_};
  kube::Client client_{server_};
  ServingCertificate certificate_{client_, clock_, {.namespace_name = "scalablebackend-system"}};
  Authenticator authenticator_{[](const std::string&, const Json&) { return Json(); },
                               SystemClock()};
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<SlotOwner> states_;
  std::unique_ptr<Upkeep> upkeep_;
};

TEST_F(UpkeepTest, TellsTheStateOnceAndWhenItChanges) {
  Start();
  ASSERT_TRUE(Eventually([&] { return states_.size() == 1; }));
  server_.Put(kube::ApiServices(), ApiService("keda", "keda-metrics-apiserver"));
  ASSERT_TRUE(Eventually([&] { return states_.size() == 2; }));
  EXPECT_THAT(states_, ElementsAre(SlotOwner::kOurs, SlotOwner::kForeign));
  EXPECT_EQ(upkeep_->State()->owner, SlotOwner::kForeign);
}

// A client CA that is rotated while we run: callers with certificates of the new one are served
// without waiting for a next round.
TEST_F(UpkeepTest, ANewClientAuthorityCountsAtOnce) {
  Start();
  ASSERT_TRUE(Eventually([&] { return states_.size() == 1; }));
  TestAuthority authority("rotated");
  const TestPair alice = authority.Client("alice");
  http::Request request;
  request.peer_certificate_pem = alice.certificate_pem;
  EXPECT_FALSE(*authenticator_.AuthenticateAtOnce(request));
  server_.Put(kube::ConfigMaps(), Authorities(authority.pem()));
  EXPECT_TRUE(Eventually([&] { return authenticator_.AuthenticateAtOnce(request)->has_value(); }));
}

// The leader rotates; a standby that went on with the old certificate would be refused as soon as
// the old authority is dropped.
TEST_F(UpkeepTest, ACertificateOfAnotherReplicaIsServedAtOnce) {
  Start(/*leading=*/false);
  ASSERT_TRUE(Eventually([&] { return certificate_.Current() != nullptr; }));
  const auto others = MakeCertificates(DnsNames("scalablebackend-system"), clock_.WallNow());
  ASSERT_TRUE(others);
  server_.Edit(kube::Secrets(), kSecretKey, [&](Json& secret) {
    secret["data"]["ca.crt"] = EncodeBase64(others->ca_pem);
    secret["data"]["ca-bundle.crt"] = EncodeBase64(others->ca_bundle_pem);
    secret["data"]["tls.crt"] = EncodeBase64(others->certificate_pem);
    secret["data"]["tls.key"] = EncodeBase64(others->private_key_pem);
  });
  EXPECT_TRUE(Eventually([&] { return Serves(others->certificate_pem); }));
}

TEST_F(UpkeepTest, ADeletedSecretIsMadeAgain) {
  Start();
  ASSERT_TRUE(Eventually([&] { return states_.size() == 1; }));
  const std::string old = Field("tls.crt");
  server_.Remove(kube::Secrets(), kSecretKey);
  EXPECT_TRUE(Eventually([&] {
    const std::string now = Field("tls.crt");
    return !now.empty() && now != old && Serves(now);
  }));
}

// Every read of a settled operator is one that some cluster has to answer for ever.
TEST_F(UpkeepTest, SettledItAsksTheServerNothing) {
  Start();
  ASSERT_TRUE(Eventually([&] { return states_.size() == 1; }));
  ASSERT_TRUE(server_.WaitForWatchers(10s));
  ASSERT_TRUE(Eventually([&] { return server_.open_watches() == 3; }));
  server_.ClearRequests();
  clock_.Advance(24h);
  EXPECT_TRUE(upkeep_->RunOnce());
  upkeep_->Kick();
  EXPECT_TRUE(upkeep_->RunOnce());
  EXPECT_THAT(server_.requests(), IsEmpty());
}

// Rights that are missing (an old role, a chart half upgraded) must not cost what still works.
TEST_F(UpkeepTest, WithoutTheAuthoritiesItStillServes) {
  server_.FailNext({.path_contains = "configmaps", .times = -1}, 403, "Forbidden");
  Start();
  ASSERT_TRUE(Eventually([&] { return states_.size() == 1; }));
  EXPECT_NE(certificate_.Current(), nullptr);
  EXPECT_FALSE(upkeep_->RunOnce());
}

TEST_F(UpkeepTest, EndsWhileItCannotReadAnything) {
  server_.FailNext({.times = -1}, 403, "Forbidden");
  Start();
  EXPECT_FALSE(upkeep_->RunOnce());
  const auto before = std::chrono::steady_clock::now();
  upkeep_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 4s) << "it waited for its next try";
}

}  // namespace
}  // namespace sb::metrics_api
