#include "operator/metrics_api/serving_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/testing/fake_api_server.h"
#include "common/base64.h"
#include "operator/metrics_api/test_clock.h"
#include "operator/metrics_api/upkeep.h"

namespace sb::metrics_api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const kube::ObjectKey kSecretKey{"scalablebackend-system", "scalablebackend-metrics-api-tls"};
const kube::ObjectKey kApiServiceKey{"", kApiServiceName};
const ServiceRef kOurs{"scalablebackend-system", "scalablebackend-metrics-api"};

class ServingCertificateTest : public testing::Test {
 protected:
  ServingCertificateTest() { InstallApiService(kOurs.namespace_name, kOurs.name); }

  void InstallApiService(const std::string& namespace_name, const std::string& name) {
    server_.Put(kube::ApiServices(),
                {{"apiVersion", "apiregistration.k8s.io/v1"},
                 {"kind", "APIService"},
                 {"metadata", {{"name", kApiServiceName}}},
                 {"spec",
                  {{"group", "external.metrics.k8s.io"},
                   {"version", "v1beta1"},
                   {"groupPriorityMinimum", 100},
                   {"versionPriority", 100},
                   {"service", {{"namespace", namespace_name}, {"name", name}, {"port", 443}}}}}});
  }
  std::string Field(const char* key) const {
    const auto secret = server_.Get(kube::Secrets(), kSecretKey);
    return secret ? *DecodeBase64(StringAt(*secret, {"data", key})) : "";
  }
  std::string Trusted() const {
    const auto service = server_.Get(kube::ApiServices(), kApiServiceKey);
    return *DecodeBase64(StringAt(*service, {"spec", "caBundle"}));
  }

  TestClock clock_;
  kube::FakeApiServer server_{clock_};
  kube::Client client_{server_};
  ServingCertificate certificate_{client_, clock_, {.namespace_name = "scalablebackend-system"}};
};

TEST_F(ServingCertificateTest, TheFirstMakesItAndTheLeaderRegistersIt) {
  EXPECT_EQ(certificate_.Current(), nullptr);
  const auto state = certificate_.Sync(/*leading=*/true);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->owner, SlotOwner::kOurs);
  ASSERT_NE(certificate_.Current(), nullptr);
  EXPECT_EQ(certificate_.Current()->certificate_chain_pem, Field("tls.crt"));
  EXPECT_EQ(Trusted(), Field("ca.crt"));
  const auto service = server_.Get(kube::ApiServices(), kApiServiceKey);
  EXPECT_EQ(IntAt(*service, {"spec", "groupPriorityMinimum"}), 100) << "the rest is not ours";
}

// A settled operator writes nothing but its Lease.
TEST_F(ServingCertificateTest, ASettledOneWritesNothing) {
  ASSERT_TRUE(certificate_.Sync(true));
  server_.ClearRequests();
  ASSERT_TRUE(certificate_.Sync(true));
  clock_.Advance(24h);
  ASSERT_TRUE(certificate_.Sync(true));
  EXPECT_THAT(server_.writes(), IsEmpty());
}

TEST_F(ServingCertificateTest, AllReplicasServeTheSame) {
  ServingCertificate other(client_, clock_, {.namespace_name = "scalablebackend-system"});
  ASSERT_TRUE(other.Sync(false));
  ASSERT_TRUE(certificate_.Sync(true));
  EXPECT_EQ(other.Current()->certificate_chain_pem, certificate_.Current()->certificate_chain_pem);
}

// Two replicas that start at once: one creation loses and takes the other's.
TEST_F(ServingCertificateTest, ALostRaceTakesTheWinners) {
  ServingCertificate winner(client_, clock_, {.namespace_name = "scalablebackend-system"});
  bool raced = false;
  server_.OnRequest([&](const kube::Request& request) {
    if (request.method != "POST" || raced) return;
    raced = true;
    ASSERT_TRUE(winner.Sync(false));
  });
  ASSERT_TRUE(certificate_.Sync(true));
  EXPECT_TRUE(raced);
  EXPECT_EQ(certificate_.Current()->certificate_chain_pem, winner.Current()->certificate_chain_pem);
}

TEST_F(ServingCertificateTest, ARotationIsTrustedBeforeItIsServed) {
  ASSERT_TRUE(certificate_.Sync(true));
  const std::string old_authority = Field("ca.crt");
  const auto old = certificate_.Current();
  clock_.Advance(61 * 24h);
  server_.ClearRequests();
  ASSERT_TRUE(certificate_.Sync(/*leading=*/false));
  EXPECT_THAT(server_.writes(), IsEmpty()) << "only the leader rotates";
  ASSERT_TRUE(certificate_.Sync(true));
  EXPECT_THAT(server_.writes(), ElementsAre(HasSubstr("apiservices"), HasSubstr("secrets")));
  EXPECT_NE(certificate_.Current()->certificate_chain_pem, old->certificate_chain_pem);
  EXPECT_EQ(Trusted(), Field("ca.crt") + old_authority);
}

TEST_F(ServingCertificateTest, ACrashBetweenTheTwoWritesHealsItself) {
  ASSERT_TRUE(certificate_.Sync(true));
  clock_.Advance(61 * 24h);
  server_.DropNext({.method = "PATCH", .path_contains = "secrets", .after = 0, .times = 1});
  EXPECT_FALSE(certificate_.Sync(true));
  EXPECT_NE(certificate_.Current(), nullptr) << "the old one is still served";
  ASSERT_TRUE(certificate_.Sync(true));
  EXPECT_THAT(Trusted(), HasSubstr(Field("ca.crt")));
  EXPECT_FALSE(NeedsRotation(Field("tls.crt"), clock_.WallNow()));
}

TEST_F(ServingCertificateTest, AnEditedSecretIsReplaced) {
  ASSERT_TRUE(certificate_.Sync(true));
  server_.Edit(kube::Secrets(), kSecretKey,
               [](Json& secret) { secret["data"]["tls.key"] = EncodeBase64("junk"); });
  const auto standby = certificate_.Sync(false);
  ASSERT_FALSE(standby);
  EXPECT_THAT(standby.error().message, HasSubstr("tls.key holds no private key"));
  ASSERT_TRUE(certificate_.Sync(true));
  EXPECT_EQ(certificate_.Current()->private_key_pem, Field("tls.key"));
}

TEST_F(ServingCertificateTest, AWatchEventIsServedAtOnce) {
  ASSERT_TRUE(certificate_.Sync(true));
  ServingCertificate standby(client_, clock_, {.namespace_name = "scalablebackend-system"});
  standby.OnSecret(Json{{"data", {{"tls.crt", "junk"}}}});
  EXPECT_EQ(standby.Current(), nullptr);
  standby.OnSecret(*server_.Get(kube::Secrets(), kSecretKey));
  EXPECT_EQ(standby.Current()->certificate_chain_pem, Field("tls.crt"));
}

// KEDA, an adapter or Datadog may have the slot: taking it would break somebody else's autoscaling.
TEST_F(ServingCertificateTest, AForeignSlotIsNeverTouched) {
  InstallApiService("keda", "keda-metrics-apiserver");
  const auto state = certificate_.Sync(true);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->owner, SlotOwner::kForeign);
  EXPECT_EQ(state->holder, "keda/keda-metrics-apiserver");
  EXPECT_THAT(state->message, HasSubstr("keda/keda-metrics-apiserver"));
  EXPECT_EQ(Trusted(), "");
  EXPECT_THAT(server_.writes(), SizeIs(1)) << "only the Secret";
}

TEST_F(ServingCertificateTest, AMissingSlotIsReported) {
  server_.Remove(kube::ApiServices(), kApiServiceKey);
  const auto state = certificate_.Sync(true);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->owner, SlotOwner::kMissing);
  EXPECT_THAT(state->message, HasSubstr("install"));
}

TEST(ReadApiServiceTest, TellsAvailability) {
  const auto read = [](const char* conditions) {
    return ReadApiService({{"spec", {{"service", {{"namespace", "a"}, {"name", "b"}}}}},
                           {"status", {{"conditions", Json::parse(conditions)}}}},
                          {"a", "b"});
  };
  EXPECT_TRUE(read(R"([{"type": "Available", "status": "True", "message": "ok"}])").available);
  const auto down =
      read(R"([{"type": "Available", "status": "False", "message": "no endpoints"}])");
  EXPECT_FALSE(down.available);
  EXPECT_EQ(down.unavailable_why, "no endpoints");
  EXPECT_EQ(ReadApiService({{"spec", {{"service", nullptr}}}}, {"a", "b"}).holder,
            "the API server itself");
}

TEST_F(ServingCertificateTest, UpkeepTellsTheStateOnceAndLearnsTheAuthorities) {
  server_.Put(kube::ConfigMaps(),
              {{"apiVersion", "v1"},
               {"kind", "ConfigMap"},
               {"metadata", {{"name", kAuthenticationConfigMap}, {"namespace", "kube-system"}}},
               {"data", {{"client-ca-file", ""}}}});
  std::mutex mutex;
  std::condition_variable told;
  std::vector<SlotOwner> states;
  Authenticator authenticator([](const std::string&, const Json&) { return Json(); }, clock_);
  Upkeep upkeep(
      client_, authenticator, certificate_, [] { return true; },
      [&](const ApiServiceState& state) {
        const std::lock_guard lock(mutex);
        states.push_back(state.owner);
        told.notify_all();
      });
  std::unique_lock lock(mutex);
  ASSERT_TRUE(told.wait_for(lock, 10s, [&] { return states.size() == 1; }));
  lock.unlock();
  EXPECT_TRUE(upkeep.RunOnce());
  InstallApiService("keda", "keda-metrics-apiserver");
  upkeep.Kick();
  lock.lock();
  ASSERT_TRUE(told.wait_for(lock, 10s, [&] { return states.size() == 2; }));
  EXPECT_THAT(states, ElementsAre(SlotOwner::kOurs, SlotOwner::kForeign));
  EXPECT_EQ(upkeep.State()->owner, SlotOwner::kForeign);
}

}  // namespace
}  // namespace sb::metrics_api
