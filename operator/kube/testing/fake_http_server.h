// Any Transport served over real sockets on 127.0.0.1, plain or TLS: HTTP/1.1 with keep-alive,
// lists and watches in chunks as they come. With a FakeApiServer behind it the whole client can be
// tested from the socket up; with a FaultyTransport in between, what that does to bytes happens to
// packets.
//
//   FakeApiServer server;
//   FaultyTransport network(server, RandomFaults(seed), SystemClock());
//   FakeHttpServer http(network, {.tls = &certificates});
//   auto transport = MakeTransport({.server = http.url(), .ca_pem = certificates.ca_pem});
//
// How an error of the transport reaches the client: kUnavailable as a reset connection, wherever
// the answer is; kDeadlineExceeded as silence until the client hangs up. Each piece of a stream is
// a chunk and a packet of its own. A thread per connection.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "operator/kube/testing/scripted_server.h"
#include "operator/kube/transport.h"

namespace sb::kube {

class FakeHttpServer {
 public:
  struct Options {
    std::uint16_t port = 0;                 // 0: any; else that of one that has gone
    const TestCertificates* tls = nullptr;  // plain if null
    std::size_t packet = 0;  // > 0: what is written goes out in packets of so many bytes
  };

  // `backend` must outlive it.
  explicit FakeHttpServer(Transport& backend);
  FakeHttpServer(Transport& backend, Options options);
  // As kill -9: every connection is reset, the port is free.
  ~FakeHttpServer();
  FakeHttpServer(const FakeHttpServer&) = delete;
  FakeHttpServer& operator=(const FakeHttpServer&) = delete;

  std::uint16_t port() const { return server_->port(); }
  std::string url() const;
  int connections() const { return server_->connections(); }  // so far

  // For connections from now on.
  void UseTls(const TestCertificates& certificates) { server_->UseTls(certificates); }
  void SetHandshakeDelay(Duration delay) { server_->SetHandshakeDelay(delay); }
  // Resets what is open; new connections are welcome.
  void ResetConnections();

 private:
  class Exchange;

  void Serve(ScriptedServer::Connection& connection);

  Transport& backend_;
  const Options options_;
  std::mutex killer_mutex_;
  std::stop_source killer_;  // of the streams that are open
  std::unique_ptr<ScriptedServer> server_;
};

}  // namespace sb::kube
