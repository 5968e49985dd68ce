#include "operator/metrics_api/serving_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base64.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/metrics_api/test_clock.h"

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
  // As watches that miss nothing would show it.
  LiveObjects Live() const {
    const auto shared = [](std::optional<Json> object) {
      return object ? std::make_shared<const Json>(*std::move(object)) : JsonPtr();
    };
    return {shared(server_.Get(kube::Secrets(), kSecretKey)),
            shared(server_.Get(kube::ApiServices(), kApiServiceKey))};
  }
  Expected<ApiServiceState> Sync(bool leading) { return certificate_.Sync(Live(), leading); }
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
  const auto state = Sync(/*leading=*/true);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->owner, SlotOwner::kOurs);
  ASSERT_NE(certificate_.Current(), nullptr);
  EXPECT_EQ(certificate_.Current()->certificate_chain_pem, Field("tls.crt"));
  EXPECT_EQ(Trusted(), Field("ca.crt"));
  const auto service = server_.Get(kube::ApiServices(), kApiServiceKey);
  EXPECT_EQ(IntAt(*service, {"spec", "groupPriorityMinimum"}), 100) << "the rest is not ours";
}

// A settled operator writes nothing but its Lease, and reads nothing.
TEST_F(ServingCertificateTest, ASettledOneAsksTheServerNothing) {
  ASSERT_TRUE(Sync(true));
  server_.ClearRequests();
  ASSERT_TRUE(Sync(true));
  clock_.Advance(24h);
  ASSERT_TRUE(Sync(true));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(ServingCertificateTest, AllReplicasServeTheSame) {
  ServingCertificate other(client_, clock_, {.namespace_name = "scalablebackend-system"});
  ASSERT_TRUE(other.Sync(Live(), false));
  ASSERT_TRUE(Sync(true));
  EXPECT_EQ(other.Current()->certificate_chain_pem, certificate_.Current()->certificate_chain_pem);
}

// Two replicas that start at once: one creation loses, and the watch brings the other's.
TEST_F(ServingCertificateTest, ALostRaceTakesTheWinners) {
  const LiveObjects nothing_yet = Live();
  ServingCertificate winner(client_, clock_, {.namespace_name = "scalablebackend-system"});
  ASSERT_TRUE(winner.Sync(Live(), false));
  const auto lost = certificate_.Sync(nothing_yet, true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(Sync(true));
  EXPECT_EQ(certificate_.Current()->certificate_chain_pem, winner.Current()->certificate_chain_pem);
}

// A leader that has not seen its own write yet would rotate again, and the API server would trust
// what nobody serves.
TEST_F(ServingCertificateTest, WhatItWroteIsToldAtOnce) {
  std::map<std::string, Json> written;
  const auto note = [&](const kube::Resource& resource, const Json& object) {
    written[resource.kind] = object;
  };
  ASSERT_TRUE(certificate_.Sync(Live(), true, note));
  EXPECT_EQ(written["Secret"], *server_.Get(kube::Secrets(), kSecretKey));
  EXPECT_EQ(written["APIService"], *server_.Get(kube::ApiServices(), kApiServiceKey));
  clock_.Advance(61 * 24h);
  written.clear();
  ASSERT_TRUE(certificate_.Sync(Live(), true, note));
  EXPECT_EQ(written["Secret"], *server_.Get(kube::Secrets(), kSecretKey));
  EXPECT_EQ(written["APIService"], *server_.Get(kube::ApiServices(), kApiServiceKey));
}

// The Secret is old news: somebody has rotated it meanwhile. Theirs is as good.
TEST_F(ServingCertificateTest, ARotationNeverOverwritesAnother) {
  ASSERT_TRUE(Sync(true));
  clock_.Advance(61 * 24h);
  const LiveObjects before = Live();
  ServingCertificate other(client_, clock_, {.namespace_name = "scalablebackend-system"});
  ASSERT_TRUE(other.Sync(Live(), true));
  const std::string theirs = Field("tls.crt");
  const auto lost = certificate_.Sync(before, true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_EQ(Field("tls.crt"), theirs);
  ASSERT_TRUE(Sync(true));
  EXPECT_EQ(certificate_.Current()->certificate_chain_pem, theirs);
  EXPECT_THAT(Trusted(), HasSubstr(Field("ca.crt")));
}

TEST_F(ServingCertificateTest, ARotationIsTrustedBeforeItIsServed) {
  ASSERT_TRUE(Sync(true));
  const std::string old_authority = Field("ca.crt");
  const auto old = certificate_.Current();
  clock_.Advance(61 * 24h);
  server_.ClearRequests();
  ASSERT_TRUE(Sync(/*leading=*/false));
  EXPECT_THAT(server_.writes(), IsEmpty()) << "only the leader rotates";
  ASSERT_TRUE(Sync(true));
  EXPECT_THAT(server_.writes(), ElementsAre(HasSubstr("apiservices"), HasSubstr("secrets")));
  EXPECT_NE(certificate_.Current()->certificate_chain_pem, old->certificate_chain_pem);
  EXPECT_EQ(Trusted(), Field("ca.crt") + old_authority);
}

TEST_F(ServingCertificateTest, ACrashBetweenTheTwoWritesHealsItself) {
  ASSERT_TRUE(Sync(true));
  clock_.Advance(61 * 24h);
  server_.DropNext({.method = "PATCH", .path_contains = "secrets", .after = 0, .times = 1});
  EXPECT_FALSE(Sync(true));
  EXPECT_NE(certificate_.Current(), nullptr) << "the old one is still served";
  ASSERT_TRUE(Sync(true));
  EXPECT_THAT(Trusted(), HasSubstr(Field("ca.crt")));
  EXPECT_FALSE(NeedsRotation(Field("tls.crt"), clock_.WallNow()));
}

TEST_F(ServingCertificateTest, AnEditedSecretIsReplaced) {
  ASSERT_TRUE(Sync(true));
  server_.Edit(kube::Secrets(), kSecretKey,
               [](Json& secret) { secret["data"]["tls.key"] = EncodeBase64("junk"); });
  const auto standby = Sync(false);
  ASSERT_FALSE(standby);
  EXPECT_THAT(standby.error().message, HasSubstr("tls.key holds no private key"));
  ASSERT_TRUE(Sync(true));
  EXPECT_EQ(certificate_.Current()->private_key_pem, Field("tls.key"));
}

// KEDA, an adapter or Datadog may have the slot: taking it would break somebody else's autoscaling.
TEST_F(ServingCertificateTest, AForeignSlotIsNeverTouched) {
  InstallApiService("keda", "keda-metrics-apiserver");
  const auto state = Sync(true);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->owner, SlotOwner::kForeign);
  EXPECT_EQ(state->holder, "keda/keda-metrics-apiserver");
  EXPECT_THAT(state->message, HasSubstr("keda/keda-metrics-apiserver"));
  EXPECT_EQ(Trusted(), "");
  EXPECT_THAT(server_.writes(), SizeIs(1)) << "only the Secret";
}

TEST_F(ServingCertificateTest, AMissingSlotIsReported) {
  server_.Remove(kube::ApiServices(), kApiServiceKey);
  const auto state = Sync(true);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->owner, SlotOwner::kMissing);
  EXPECT_THAT(state->message, HasSubstr("install"));
}

TEST(SlotStateTest, TellsAvailability) {
  const auto read = [](const Json& spec, const char* conditions) {
    return SlotState(
        std::make_shared<const Json>(Json{
            {"spec", spec}, {"status", {{"conditions", Json::parse(conditions, nullptr, false)}}}}),
        {"a", "b"});
  };
  const Json ours = {{"service", {{"namespace", "a"}, {"name", "b"}}}};
  EXPECT_TRUE(
      read(ours, R"([{"type": "Available", "status": "True", "message": "ok"}])").available);
  const auto down =
      read(ours, R"([{"type": "Available", "status": "False", "message": "no endpoints"}])");
  EXPECT_FALSE(down.available);
  EXPECT_EQ(down.unavailable_why, "no endpoints");
  EXPECT_EQ(read({{"service", nullptr}}, "").holder, "the API server itself");
}

}  // namespace
}  // namespace sb::metrics_api
