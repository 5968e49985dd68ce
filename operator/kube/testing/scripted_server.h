// A TCP server on 127.0.0.1 whose connections do exactly what a test says, down to the byte and the
// reset. Plain or TLS.
//
//   ScriptedServer server([](ScriptedServer::Connection& connection) {
//     connection.ReadRequest();
//     connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
//   });
//   … "http://127.0.0.1:" + std::to_string(server.port())
//
// The script runs once a connection, on a thread of its own; when it returns the connection closes
// in good order.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/time.h"

struct ssl_st;
struct ssl_ctx_st;

namespace sb::kube {

struct TestCertificates {
  std::string ca_pem;
  std::string certificate_pem;  // signed by the CA, for 127.0.0.1 or the name
  std::string key_pem;
};
// `name`: a DNS name; "" for the address 127.0.0.1.
TestCertificates MakeTestCertificates(const std::string& name = "");

class ScriptedServer {
 public:
  class Connection {
   public:
    Connection(int socket, ssl_st* tls) : socket_(socket), tls_(tls) {}

    // Head and body of the next request; nothing if the client closed.
    std::optional<std::string> ReadRequest();
    // False if the client has gone, or took nothing for 2 s.
    bool Write(std::string_view bytes);
    // One chunk of a chunked body.
    bool Chunk(std::string_view bytes);
    // Closes with RST instead of FIN.
    void Reset();
    // Waits until the client closes or sends something.
    void WaitForClose();
    // Waits until the client has closed; false after `patience`.
    bool WaitForHangUp(Duration patience);
    // Becomes a tunnel to 127.0.0.1:`port`, as an HTTP proxy does after CONNECT, until one side
    // closes. Plain connections only.
    void Tunnel(std::uint16_t port);
    // The certificate that the client presented, as PEM; "" for none.
    std::string ClientCertificate() const;

   private:
    long Receive(char* to, std::size_t size);

    const int socket_;
    ssl_st* const tls_;
    std::string pending_;
  };
  using Script = std::function<void(Connection&)>;

  // `port`: 0 for any free one; else one that another server has just left.
  explicit ScriptedServer(Script script, const TestCertificates* tls = nullptr,
                          std::uint16_t port = 0);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  // For connections from now on. With `client_ca_pem` only clients with a certificate of that
  // authority get further than the handshake.
  void UseTls(const TestCertificates& certificates, const std::string& client_ca_pem = "");

  // Of TLS, for connections from now on.
  void SetHandshakeDelay(Duration delay) { handshake_delay_ = delay; }
  // As if the process was killed: every open connection ends with RST, once its script returns. A
  // script that reads finds the end of its connection.
  void ResetConnections();

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void Serve(int socket);

  const Script script_;
  std::mutex tls_mutex_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<Duration> handshake_delay_ = Duration::zero();
  std::mutex open_mutex_;
  std::set<int> open_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

// The head of a streamed answer.
inline constexpr char kChunkedHead[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace sb::kube
