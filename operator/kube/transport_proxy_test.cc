// An API server behind an HTTP proxy.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>

#include "common/base64.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/testing/scripted_server.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Connection = ScriptedServer::Connection;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

class TransportProxy : public testing::Test {
 protected:
  std::unique_ptr<Transport> Connect(ClusterConfig config) {
    auto transport = MakeTransport(config);
    if (!transport) {
      ADD_FAILURE() << transport.error().message;
      std::abort();
    }
    return std::move(*transport);
  }
  std::string ProxyUrl(const std::string& login = "") const {
    return "http://" + login + "127.0.0.1:" + std::to_string(proxy_.port());
  }

  const TestCertificates tls_ = MakeTestCertificates("kubernetes");
  std::string seen_;  // by the API server
  ScriptedServer api_{[this](Connection& connection) {
                        while (auto request = connection.ReadRequest()) {
                          seen_ = *request;
                          connection.Write(kOk);
                        }
                      },
                      &tls_};
  std::string asked_;  // of the proxy
  std::string answer_ = "HTTP/1.1 200 Connection established\r\n\r\n";
  ScriptedServer proxy_{[this](Connection& connection) {
    asked_ = connection.ReadRequest().value_or("");
    connection.Write(answer_);
    if (answer_.find(" 200 ") != std::string::npos) connection.Tunnel(api_.port());
  }};
  ClusterConfig config_{.server = "https://127.0.0.1:" + std::to_string(api_.port()),
                        .tls_server_name = "kubernetes",
                        .ca_pem = tls_.ca_pem,
                        .token = "t"};
};

TEST_F(TransportProxy, TlsGoesThroughATunnelThatRequestsShare) {
  config_.proxy_url = ProxyUrl();
  auto transport = Connect(config_);
  constexpr int kRequests = 20;
  for (int i = 0; i < kRequests; ++i) {
    const auto response = transport->Send({.path = "/version"}, 10s);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
  }
  EXPECT_TRUE(asked_.starts_with("CONNECT 127.0.0.1:" + std::to_string(api_.port()) + " HTTP/1.1"))
      << asked_;
  EXPECT_EQ(asked_.find("Authorization"), std::string::npos)
      << "the proxy must not see what is meant for the API server:\n"
      << asked_;
  EXPECT_NE(seen_.find("Authorization:Bearer t"), std::string::npos) << seen_;
  // Not all: a connection comes back to the pool a moment after its answer.
  EXPECT_LT(proxy_.connections(), kRequests);
  EXPECT_EQ(proxy_.connections(), api_.connections());
}

TEST_F(TransportProxy, TheLoginIsForTheProxyAlone) {
  config_.proxy_url = ProxyUrl("me:p%40ss@");
  const auto response = Connect(config_)->Send({.path = "/version"}, 10s);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_NE(asked_.find("Proxy-Authorization: Basic " + EncodeBase64("me:p@ss")), std::string::npos)
      << asked_;
  EXPECT_EQ(seen_.find("Proxy-Authorization"), std::string::npos) << seen_;
}

TEST_F(TransportProxy, ARefusalIsTheRequests) {
  answer_ = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
  config_.proxy_url = ProxyUrl();
  const auto response = Connect(config_)->Send({.path = "/version"}, 10s);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(response.error().message.find("407"), std::string::npos) << response.error().message;
  EXPECT_EQ(api_.connections(), 0);
}

TEST_F(TransportProxy, AProxyThatSaysNothingMeetsTheDeadline) {
  answer_ = "";
  ScriptedServer silent([](Connection& connection) {
    connection.ReadRequest();
    connection.WaitForClose();
  });
  config_.proxy_url = "http://127.0.0.1:" + std::to_string(silent.port());
  const auto response = Connect(config_)->Send({.path = "/version"}, 200ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(TransportProxy, PlainHttpIsAskedOfTheProxyItself) {
  answer_ = kOk;
  ScriptedServer proxy([this](Connection& connection) {
    while (auto request = connection.ReadRequest()) {
      asked_ = *request;
      connection.Write(kOk);
    }
  });
  const auto response = Connect({.server = "http://api.invalid:8080",
                                 .proxy_url = "http://127.0.0.1:" + std::to_string(proxy.port())})
                            ->Send({.path = "/version"}, 10s);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_TRUE(asked_.starts_with("GET http://api.invalid:8080/version HTTP/1.1")) << asked_;
}

TEST_F(TransportProxy, OtherProxiesAreRefusedAtOnce) {
  config_.proxy_url = "socks5://127.0.0.1:1080";
  const auto transport = MakeTransport(config_);
  ASSERT_FALSE(transport);
  EXPECT_EQ(transport.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sb::kube
