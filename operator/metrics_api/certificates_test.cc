#include "operator/metrics_api/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/metrics_api/openssl_handles.h"

namespace sb::metrics_api {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const WallTime kNow = WallTime(1'800'000'000s);
const std::vector<std::string> kNames = DnsNames("scalablebackend-system");

TEST(CertificatesTest, NamesAreTheServices) {
  EXPECT_THAT(kNames, testing::ElementsAre(
                          "scalablebackend-metrics-api.scalablebackend-system.svc",
                          "scalablebackend-metrics-api.scalablebackend-system.svc.cluster.local"));
}

TEST(CertificatesTest, MakesWhatCanBeServed) {
  const auto set = MakeCertificates(kNames, kNow);
  ASSERT_TRUE(set);
  EXPECT_EQ(Defect(*set, kNames, kNow), "");
  EXPECT_EQ(Defect(*set, kNames, kNow - 30min), "") << "clocks differ";
  EXPECT_THAT(Defect(*set, kNames, kNow + 91 * 24h), HasSubstr("expired"));
}

// What OpenSSL in a client would say, with the name check that Go does.
TEST(CertificatesTest, AClientThatTrustsTheBundleAcceptsIt) {
  const auto set = MakeCertificates(kNames, kNow);
  ASSERT_TRUE(set);
  const StorePtr store(X509_STORE_new());
  for (const auto& trusted : ReadCertificates(set->ca_bundle_pem)) {
    X509_STORE_add_cert(store.get(), trusted.get());
  }
  const auto certificate = ReadCertificate(set->certificate_pem);
  const StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(kNow));
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set1_host(rules, kNames[0].c_str(), 0);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  EXPECT_EQ(X509_verify_cert(context.get()), 1)
      << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

TEST(CertificatesTest, RotatesAtTwoThirdsOfItsLife) {
  const auto set = MakeCertificates(kNames, kNow);
  ASSERT_TRUE(set);
  EXPECT_FALSE(NeedsRotation(set->certificate_pem, kNow));
  EXPECT_FALSE(NeedsRotation(set->certificate_pem, kNow + 59 * 24h));
  EXPECT_TRUE(NeedsRotation(set->certificate_pem, kNow + 61 * 24h));
  EXPECT_TRUE(NeedsRotation("", kNow));
}

// While replicas change over one by one, the API server has to accept both.
TEST(CertificatesTest, TheBundleHoldsTheAuthorityBefore) {
  const auto first = MakeCertificates(kNames, kNow);
  const auto second = MakeCertificates(kNames, kNow + 60 * 24h, first->ca_pem);
  const auto third = MakeCertificates(kNames, kNow + 120 * 24h, second->ca_pem);
  ASSERT_TRUE(third);
  EXPECT_EQ(second->ca_bundle_pem, second->ca_pem + first->ca_pem);
  EXPECT_EQ(third->ca_bundle_pem, third->ca_pem + second->ca_pem) << "it does not grow";
}

TEST(CertificatesTest, SaysWhatIsWrong) {
  const auto good = MakeCertificates(kNames, kNow);
  const auto other = MakeCertificates(kNames, kNow);
  ASSERT_TRUE(good && other);
  struct Case {
    CertificateSet set;
    const char* defect;
  };
  auto with = [&](auto member, const std::string& value) {
    CertificateSet set = *good;
    set.*member = value;
    return set;
  };
  const Case cases[] = {
      {with(&CertificateSet::certificate_pem, ""), "tls.crt holds no certificate"},
      {with(&CertificateSet::ca_pem, "junk"), "ca.crt holds no certificate"},
      {with(&CertificateSet::private_key_pem, "junk"), "tls.key holds no private key"},
      {with(&CertificateSet::private_key_pem, other->private_key_pem), "not the key"},
      {with(&CertificateSet::ca_pem, other->ca_pem), "not signed"},
      {with(&CertificateSet::ca_bundle_pem, other->ca_pem), "ca-bundle.crt"},
  };
  for (const Case& c : cases) EXPECT_THAT(Defect(c.set, kNames, kNow), HasSubstr(c.defect));
  EXPECT_THAT(Defect(*good, DnsNames("elsewhere"), kNow), HasSubstr("not for"));
}

}  // namespace
}  // namespace sb::metrics_api
