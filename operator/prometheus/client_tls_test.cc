// Prometheus behind TLS and credentials: what a tenant would lose if a credential went to the wrong
// place, was shown to somebody, or did not arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/testing/scripted_server.h"
#include "operator/prometheus/client.h"

namespace sb::promql {
namespace {

using kube::MakeTestCertificates;
using kube::ScriptedServer;
using kube::TestCertificates;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::string Answer(int status, const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kOne = Answer(
    200,
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}})");

// Answers every request alike and remembers them.
class Prometheus {
 public:
  explicit Prometheus(std::string answer = kOne, const TestCertificates* tls = nullptr)
      : answer_(std::move(answer)),
        tls_(tls != nullptr),
        server([this](ScriptedServer::Connection& connection) { Serve(connection); }, tls) {}

  std::string url() const {
    return std::string(tls_ ? "https" : "http") + "://127.0.0.1:" + std::to_string(server.port());
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string certificate() {
    const std::lock_guard lock(mutex_);
    return certificate_;
  }

 private:
  void Serve(ScriptedServer::Connection& connection) {
    while (auto request = connection.ReadRequest()) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(*request);
        certificate_ = connection.ClientCertificate();
      }
      connection.Write(answer_);
    }
  }

  const std::string answer_;
  const bool tls_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::string certificate_;

 public:
  ScriptedServer server;
};

TEST(ClientTlsTest, SendsHeadersAndParameters) {
  Prometheus prometheus;
  const auto vector =
      Client().Query(prometheus.url(), "up", 5s,
                     {.headers = {{"Authorization", "Bearer s3cr3t"}, {"X-Scope-OrgID", "shop"}},
                      .query_parameters = {{"namespace", "a&b"}}});
  ASSERT_TRUE(vector) << vector.error().message;
  const std::string request = prometheus.requests().at(0);
  EXPECT_THAT(request, HasSubstr("GET /api/v1/query?query=up&namespace=a%26b HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization:Bearer s3cr3t\r\n"));
  EXPECT_THAT(request, HasSubstr("X-Scope-OrgID:shop\r\n"));
}

// Parameters choose the tenant: a long query must not lose them.
TEST(ClientTlsTest, ALongQueryHasThemToo) {
  Prometheus prometheus;
  const auto vector = Client().Query(prometheus.url(), std::string(5000, 'x'), 5s,
                                     {.headers = {{"Authorization", "Bearer s3cr3t"}},
                                      .query_parameters = {{"namespace", "shop"}}});
  ASSERT_TRUE(vector) << vector.error().message;
  const std::string request = prometheus.requests().at(0);
  EXPECT_THAT(request, HasSubstr("POST /api/v1/query?namespace=shop HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization:Bearer s3cr3t\r\n"));
}

TEST(ClientTlsTest, CredentialsDoNotFollowARedirection) {
  Prometheus elsewhere;
  Prometheus prometheus(Answer(307, "", "Location: " + elsewhere.url() + "/api/v1/query\r\n"));
  const auto vector =
      Client().Query(prometheus.url(), "up", 5s, {.headers = {{"Authorization", "Bearer s3cr3t"}}});
  ASSERT_FALSE(vector);
  EXPECT_THAT(vector.error().message, HasSubstr("a redirection; give the final url"));
  EXPECT_EQ(elsewhere.server.connections(), 0);
}

TEST(ClientTlsTest, AServerThatRepeatsASecretDoesNotPublishIt) {
  Prometheus prometheus(Answer(401, R"({"status":"error","error":"no such token s3cr3t"})"));
  const auto vector =
      Client().Query(prometheus.url(), "up", 5s,
                     {.headers = {{"Authorization", "Bearer s3cr3t"}}, .secrets = {"s3cr3t"}});
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(vector.error().message, HasSubstr("no such token ***"));
}

TEST(ClientTlsTest, TrustsTheAuthorityItWasGivenAndNobodyElse) {
  const TestCertificates certificates = MakeTestCertificates();
  const TestCertificates others = MakeTestCertificates();
  Prometheus prometheus(kOne, &certificates);
  Client client;
  const auto trusted =
      client.Query(prometheus.url(), "up", 5s, {.authority_pem = certificates.ca_pem});
  EXPECT_TRUE(trusted) << trusted.error().message;
  for (const Credentials& wrong : {Credentials{.headers = {{"Authorization", "Bearer s3cr3t"}},
                                  .authority_pem = others.ca_pem},
                                   Credentials{.headers = {{"Authorization", "Bearer s3cr3t"}}}}) {
    const auto vector = client.Query(prometheus.url(), "up", 5s, wrong);
    ASSERT_FALSE(vector);
    EXPECT_EQ(vector.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(vector.error().message, HasSubstr("certificate"));
  }
  EXPECT_EQ(prometheus.requests().size(), 1u) << "no token went to a server that is not trusted";
}

TEST(ClientTlsTest, ACertificateForAnotherHostIsRefused) {
  const TestCertificates certificates = MakeTestCertificates("prometheus.monitoring");
  Prometheus prometheus(kOne, &certificates);
  EXPECT_FALSE(Client().Query(prometheus.url(), "up", 5s, {.authority_pem = certificates.ca_pem}));
}

// Each tenant proves who it is by its own certificate, on connections of its own.
TEST(ClientTlsTest, ClientCertificatesAreNotMixedUp) {
  const TestCertificates server = MakeTestCertificates();
  const TestCertificates a = MakeTestCertificates("a");
  Prometheus prometheus(kOne, &server);
  prometheus.server.UseTls(server, a.ca_pem);
  Client client;
  const auto with_a = client.Query(
      prometheus.url(), "up", 5s,
      {.authority_pem = server.ca_pem, .certificate_pem = a.certificate_pem, .key_pem = a.key_pem});
  ASSERT_TRUE(with_a) << with_a.error().message;
  EXPECT_EQ(prometheus.certificate(), a.certificate_pem);
  const auto without = client.Query(prometheus.url(), "up", 5s, {.authority_pem = server.ca_pem});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(without.error().message, HasSubstr("the server refuses us"));
}

// Without this an authority that is none would mean the system's, or nobody's words.
TEST(ClientTlsTest, AnAuthorityThatIsNoneIsSaidToBe) {
  const auto vector =
      Client().Query("https://127.0.0.1:1", "up", 5s,
                     {.authority_pem = "no PEM", .tls_origin = "Secret shop/prometheus"});
  ASSERT_FALSE(vector);
  EXPECT_EQ(
      vector.error().message,
      "Secret shop/prometheus cannot be used for TLS to https://127.0.0.1:1: the authority is "
      "no certificate in PEM");
}

TEST(ClientTlsTest, ACertificateThatIsNoneNamesItsSecret) {
  const TestCertificates server = MakeTestCertificates();
  const TestCertificates other = MakeTestCertificates();
  for (const Credentials& unusable :
       {Credentials{.authority_pem = "no PEM"}, Credentials{.authority_pem = server.ca_pem,
                                                .certificate_pem = server.certificate_pem,
                                                .key_pem = other.key_pem}}) {
    Credentials credentials = unusable;
    credentials.tls_origin = "Secret shop/prometheus";
    const auto vector = Client().Query("https://127.0.0.1:1", "up", 5s, credentials);
    ASSERT_FALSE(vector);
    EXPECT_EQ(vector.error().code, ErrorCode::kUnauthenticated);
    EXPECT_TRUE(vector.error().terminal);
    EXPECT_THAT(vector.error().message,
                HasSubstr("Secret shop/prometheus cannot be used for TLS to https://127.0.0.1:1"));
    EXPECT_THAT(vector.error().message, Not(HasSubstr("PRIVATE KEY")));
  }
}

}  // namespace
}  // namespace sb::promql
