// An HTTP/1.1 server for both programs: the Todo API's hot path, and the operator's probes, metrics
// and metrics API (TLS). Boost.Beast inside, one coroutine a connection.
//
//   boost::asio::io_context loop(1);
//   http::Server server(loop, {.port = 8080}, [](const http::Request& request) -> http::Task {
//     co_return http::Response{.body = "{}"};
//   });
//   loop.run();
//
// A server belongs to the thread that runs its io_context; for one thread a core, make one
// io_context and one Server each with reuse_port. Handlers run on that thread and must not block:
// work that blocks goes to a thread pool and is awaited.
//
// Limits: headers 16 KiB, body `max_body_bytes`, a request must arrive within `read_timeout`, an
// idle connection is closed after `idle_timeout`, at most `max_connections`. What breaks HTTP
// framing (RFC 9112 §6.3: Transfer-Encoding with Content-Length, Transfer-Encoding other than
// exactly "chunked" or on HTTP/1.0, none or several Host headers) gets 400 and a closed connection,
// before any handler sees it.
#pragma once

// clang-format off
#include <utility>  // before Asio: the coroutines of Boost 1.74 use std::exchange without including it
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/http/wire/message.h"

namespace sb::http {

using Task = boost::asio::awaitable<Response>;
using Handler = std::function<Task(const Request&)>;

// What a TLS server shows. Read anew for each connection, so a rotated certificate needs no
// restart. Thread-safe to call. `ask_client_certificate`: request one, accept none.
struct TlsOptions {
  struct Pair {
    std::string certificate_chain_pem;
    std::string private_key_pem;
  };
  std::function<std::shared_ptr<const Pair>()> current;
  bool ask_client_certificate = false;
};

struct ServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;  // 0: any free one, see Server::port()
  bool reuse_port = false;
  const TlsOptions* tls = nullptr;  // must outlive the server
  std::size_t max_body_bytes = 1 << 20;
  std::size_t max_connections = 10'000;
  std::chrono::milliseconds read_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
};

class Server {
 public:
  // Listens at once; throws boost::system::system_error if it cannot (start-up only).
  Server(boost::asio::io_context& loop, ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  // From now on every answer carries "Connection: close"; new connections are still accepted and
  // served. First step of a graceful stop, while load balancers still send traffic. Loop thread
  // only.
  void AnnounceClose();

  // Stops accepting, closes idle connections, lets requests in flight finish; completes when none
  // is left or `deadline` has passed, then closes what remains. Loop thread only.
  boost::asio::awaitable<void> Drain(std::chrono::milliseconds deadline);

  std::size_t open_connections() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sb::http
