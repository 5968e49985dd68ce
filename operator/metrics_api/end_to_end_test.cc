// The whole way over TLS on loopback, with the certificates that the operator makes and those of a
// front proxy: what the API server's aggregator sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <thread>

#include "operator/metrics_api/certificates.h"
#include "operator/metrics_api/server.h"
#include "operator/metrics_api/test_authority.h"

namespace sb::metrics_api {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using testing::HasSubstr;

const std::vector<std::string> kNames = DnsNames("scalablebackend-system");

struct HttpsAnswer {
  int status = 0;
  std::string body;
};

// One request as the aggregator sends it; throws on any failure.
HttpsAnswer Get(std::uint16_t port, const std::string& trusted_pem, const TestPair* client,
                const std::string& target, const std::string& user) {
  asio::io_context loop;
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.add_certificate_authority(asio::buffer(trusted_pem));
  context.set_verify_mode(asio::ssl::verify_peer);
  context.set_verify_callback(asio::ssl::host_name_verification(kNames[0]));
  if (client != nullptr) {
    context.use_certificate_chain(asio::buffer(client->certificate_pem));
    context.use_private_key(asio::buffer(client->key_pem), asio::ssl::context::pem);
  }
  asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
  stream.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
  stream.handshake(asio::ssl::stream_base::client);
  beast_http::request<beast_http::empty_body> request(beast_http::verb::get, target, 11);
  request.set(beast_http::field::host, kNames[0]);
  if (!user.empty()) request.set("X-Remote-User", user);
  request.set("X-Remote-Group", "system:masters");
  beast_http::write(stream, request);
  boost::beast::flat_buffer buffer;
  beast_http::response<beast_http::string_body> response;
  beast_http::read(stream, buffer, response);
  return {static_cast<int>(response.result_int()), response.body()};
}

TEST(MetricsApiEndToEndTest, TheFrontProxyReadsAMetric) {
  TestAuthority proxies("front-proxy-ca");
  TestAuthority strangers("strangers");
  Authenticator authenticator(
      [](const std::string&, const Json&) -> Expected<Json> {
        return Fail(ErrorCode::kUnavailable, "not asked here");
      },
      SystemClock());
  authenticator.OnConfigMap({{"data",
                              {{"requestheader-client-ca-file", proxies.pem()},
                               {"requestheader-allowed-names", R"(["front-proxy-client"])"},
                               {"requestheader-username-headers", R"(["X-Remote-User"])"},
                               {"requestheader-group-headers", R"(["X-Remote-Group"])"}}}});
  Authorizer authorizer(
      [](const std::string&, const Json&) -> Expected<Json> {
        return Fail(ErrorCode::kUnavailable, "not asked here");
      },
      SystemClock());

  std::mutex pair_mutex;
  std::shared_ptr<const http::TlsOptions::Pair> pair;
  const auto serve = [&](const CertificateSet& set) {
    const std::lock_guard lock(pair_mutex);
    pair = std::make_shared<const http::TlsOptions::Pair>(
        http::TlsOptions::Pair{set.certificate_pem, set.private_key_pem});
  };
  const auto first = MakeCertificates(kNames, SystemClock().WallNow());
  ASSERT_TRUE(first);
  serve(*first);

  asio::io_context loop(1);
  MetricsApi api(
      authenticator, authorizer,
      [](const scaling::MetricId&, TimePoint) -> std::optional<scaling::Sample> {
        return scaling::Sample{
            .evidence = scaling::Evidence::kFresh, .value = 7, .at = SystemClock().WallNow()};
      },
      SystemClock());
  const http::TlsOptions tls{[&] {
                               const std::lock_guard lock(pair_mutex);
                               return pair;
                             },
                             true};
  auto server = std::make_unique<http::Server>(
      loop, http::ServerOptions{.address = "127.0.0.1", .tls = &tls},
      [&](const http::Request& request) { return api.Handle(request); });
  std::thread thread([&] { loop.run(); });

  const std::string path =
      "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/rate?labelSelector="
      "scalablebackend.io%2Fcomponent%3Dapi%2Cscalablebackend.io%2Fname%3Dtodo";
  const TestPair proxy = proxies.Client("front-proxy-client");
  const TestPair stranger = strangers.Client("front-proxy-client");
  const std::string user = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
  const auto value = Get(server->port(), first->ca_bundle_pem, &proxy, path, user);
  EXPECT_EQ(value.status, 200) << value.body;
  EXPECT_THAT(value.body, HasSubstr("\"value\":\"7\""));
  EXPECT_EQ(Get(server->port(), first->ca_bundle_pem, &proxy, "/openapi/v3", user).status, 404);
  EXPECT_EQ(Get(server->port(), first->ca_bundle_pem, &stranger, path, user).status, 401);
  EXPECT_EQ(Get(server->port(), first->ca_bundle_pem, nullptr, path, user).status, 401);
  EXPECT_EQ(Get(server->port(), first->ca_bundle_pem, &proxy, path, "").status, 401);
  EXPECT_EQ(Get(server->port(), first->ca_bundle_pem, nullptr, "/readyz", "").status, 200);

  // A rotation needs no restart, and whoever trusts the new bundle has trusted both.
  const auto second = MakeCertificates(kNames, SystemClock().WallNow(), first->ca_pem);
  ASSERT_TRUE(second);
  EXPECT_EQ(Get(server->port(), second->ca_bundle_pem, &proxy, path, user).status, 200);
  serve(*second);
  EXPECT_EQ(Get(server->port(), second->ca_bundle_pem, &proxy, path, user).status, 200);
  EXPECT_THROW(Get(server->port(), first->ca_bundle_pem, &proxy, path, user), std::exception);

  asio::post(loop, [&] { server.reset(); });
  loop.stop();
  thread.join();
}

}  // namespace
}  // namespace sb::metrics_api
