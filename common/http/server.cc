#include "common/http/server.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/http/connection.h"
#include "common/http/tls_context.h"
#include "common/http/wire/response_writer.h"
#include "common/log.h"
#include "common/time.h"

namespace sb::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr milliseconds kAcceptPause{50};  // after EMFILE and its kind
constexpr milliseconds kDrainTick{50};
// While draining, a connection this young may have its first (or next) request on the wire.
constexpr milliseconds kDrainGrace{1'000};

tcp::acceptor Listen(asio::io_context& loop, const ServerOptions& options) {
  const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
  tcp::acceptor acceptor(loop);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (options.reuse_port) acceptor.set_option(ReusePort(true));
  acceptor.bind(endpoint);
  acceptor.listen(4096);
  acceptor.non_blocking(true);
  return acceptor;
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, ServerOptions options, Handler handler)
      : loop_(loop),
        state_(std::make_shared<ServerState>(std::move(options), std::move(handler))),
        acceptor_(Listen(loop, state_->options)),
        port_(acceptor_.local_endpoint().port()),
        sweeper_(loop),
        drained_(loop) {
    const auto shortest = std::min(state_->options.read_timeout, state_->options.idle_timeout);
    tick_ = std::clamp(shortest / 4, milliseconds(10), milliseconds(1'000));
    state_->date = HttpDate();
    if (state_->options.tls != nullptr) tls_.emplace(*state_->options.tls);
  }

  void Start() {
    asio::co_spawn(loop_, Accept(shared_from_this()), asio::detached);
    asio::co_spawn(loop_, Sweep(shared_from_this()), asio::detached);
  }

  // The owner goes: nothing may run on.
  void Stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    sweeper_.cancel();
    drained_.cancel();
    state_->on_last_closed = nullptr;
    for (Connection& connection : state_->connections) connection.Close();
  }

  void AnnounceClose() { state_->announce_close = true; }

  asio::awaitable<void> Drain(milliseconds limit) {
    const auto self = shared_from_this();
    state_->announce_close = true;
    state_->draining = true;
    tick_ = std::min(tick_, kDrainTick);
    sweeper_.cancel();
    error_code ignored;
    acceptor_.cancel(ignored);
    state_->on_last_closed = [this] { drained_.cancel(); };
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while ((accepting_ || state_->open > 0) && std::chrono::steady_clock::now() < deadline) {
      drained_.expires_at(deadline);
      co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    state_->on_last_closed = nullptr;
    for (Connection& connection : state_->connections) connection.Close();
  }

  std::uint16_t port() const { return port_; }
  std::size_t open_connections() const { return state_->open; }

 private:
  static asio::awaitable<void> Accept(std::shared_ptr<Impl> self) {
    bool told = false;
    while (self->acceptor_.is_open() && !self->state_->draining) {
      error_code failed;
      tcp::socket socket(self->loop_);
      co_await self->acceptor_.async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, failed));
      if (!failed) {
        told = false;
        self->Admit(std::move(socket));
      } else if (self->acceptor_.is_open() && failed != asio::error::operation_aborted &&
                 failed != asio::error::connection_aborted) {
        if (!told) log::Warning("cannot accept connections", {{"error", failed.message()}});
        told = true;
        asio::steady_timer pause(self->loop_, kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      }
    }
    // What the kernel has accepted for us is a client's connection already: serve it too.
    error_code failed;
    while (!failed && self->acceptor_.is_open()) {
      tcp::socket socket(self->loop_);
      self->acceptor_.accept(socket, failed);
      if (!failed) self->Admit(std::move(socket));
    }
    self->acceptor_.close(failed);
    self->accepting_ = false;
    self->drained_.cancel();
  }

  void Admit(tcp::socket socket) {
    if (state_->open >= state_->options.max_connections) {
      Refuse(socket);
      return;
    }
    std::unique_ptr<Connection> connection;
    if (!tls_) {
      connection = MakePlainConnection(state_, std::move(socket));
    } else if (auto context = tls_->Current()) {
      connection = MakeTlsConnection(state_, std::move(socket), std::move(context));
    }
    if (connection) asio::co_spawn(loop_, Serve(std::move(connection)), asio::detached);
  }

  static asio::awaitable<void> Serve(std::unique_ptr<Connection> connection) {
    co_await connection->Run();
  }

  // One attempt that does not wait: the answer fits any socket buffer.
  void Refuse(tcp::socket& socket) {
    error_code ignored;
    if (!tls_) {
      std::string answer;
      AppendResponse(answer, PlainAnswer(503), state_->date, AfterAnswer::kClose, false);
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(answer), ignored);
    }
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  static asio::awaitable<void> Sweep(std::shared_ptr<Impl> self) {
    while (!self->stopped_) {
      error_code ignored;
      self->sweeper_.expires_after(self->tick_);
      co_await self->sweeper_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (self->stopped_) break;
      self->state_->date = HttpDate();
      self->EndLateConnections(std::chrono::steady_clock::now());
      if (self->state_->draining && self->state_->open == 0) break;
    }
  }

  void EndLateConnections(TimePoint now) {
    // Cancelling and closing only queue completions, so the list does not change under this loop.
    for (Connection& connection : state_->connections) {
      const bool waits = connection.phase == Phase::kFresh || connection.phase == Phase::kIdle;
      const bool late = now >= connection.deadline;
      if (connection.phase == Phase::kHandling) continue;
      if (waits && state_->draining && now - connection.phase_began >= kDrainGrace &&
          !connection.HasUnreadBytes()) {
        connection.CancelRead();
      } else if (late && (waits || connection.phase == Phase::kReading)) {
        connection.timed_out = true;
        connection.CancelRead();
      } else if (late) {
        connection.Close();
      }
    }
  }

  asio::io_context& loop_;
  const std::shared_ptr<ServerState> state_;
  tcp::acceptor acceptor_;
  const std::uint16_t port_;
  asio::steady_timer sweeper_;
  asio::steady_timer drained_;
  std::optional<TlsContext> tls_;
  milliseconds tick_{};
  bool accepting_ = true;
  bool stopped_ = false;
};

Server::Server(asio::io_context& loop, ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {
  impl_->Start();
}
Server::~Server() { impl_->Stop(); }

std::uint16_t Server::port() const { return impl_->port(); }
void Server::AnnounceClose() { impl_->AnnounceClose(); }
asio::awaitable<void> Server::Drain(std::chrono::milliseconds deadline) {
  return impl_->Drain(deadline);
}
std::size_t Server::open_connections() const { return impl_->open_connections(); }

}  // namespace sb::http
