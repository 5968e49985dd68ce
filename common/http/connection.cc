#include "common/http/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/http/tls_context.h"
#include "common/http/wire/request_parser.h"
#include "common/http/wire/response_writer.h"
#include "common/log.h"

namespace sb::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kFlushBytes = 64 * 1024;  // pipelined answers are sent at the latest then
constexpr std::size_t kKeptOutput = 64 * 1024;  // a larger answer's memory is given back
constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 256 * 1024;

template <typename Stream>
class Session final : public Connection {
 public:
  Session(std::shared_ptr<ServerState> state, Stream stream)
      : state_(std::move(state)),
        stream_(std::move(stream)),
        parser_(state_->options.max_body_bytes) {
    error_code ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    const auto peer = socket().remote_endpoint(ignored);
    if (!ignored) remote_address_ = peer.address().to_string();
    state_->connections.push_back(*this);
    ++state_->open;
    Enter(Phase::kFresh, state_->options.idle_timeout);
  }
  ~Session() override {
    unlink();
    if (--state_->open == 0 && state_->on_last_closed) state_->on_last_closed();
  }

  void CancelRead() override {
    error_code ignored;
    socket().cancel(ignored);
  }
  void Close() override {
    error_code ignored;
    socket().close(ignored);
  }
  bool HasUnreadBytes() override {
    error_code ignored;
    return socket().available(ignored) > 0;
  }

  asio::awaitable<void> Run() override {
    if constexpr (kTls) {
      Enter(Phase::kHandshake, state_->options.read_timeout);
      error_code failed;
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, failed));
      if (failed) co_return;
      peer_certificate_pem_ = PeerCertificatePem(stream_.native_handle());
      Enter(Phase::kFresh, state_->options.idle_timeout);
    }
    bool open = true;
    while (open) {
      switch (parser_.Advance()) {
        case RequestParser::Status::kComplete:
          open = co_await Answer();
          break;
        case RequestParser::Status::kRefused:
          AppendResponse(output_, PlainAnswer(parser_.refusal()), state_->date, AfterAnswer::kClose,
                         false);
          open = false;
          break;
        case RequestParser::Status::kNeedMore:
          open = co_await ReadMore();
          break;
      }
    }
    co_await FlushAndClose();
  }

 private:
  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void Enter(Phase next, std::chrono::milliseconds limit) {
    phase = next;
    phase_began = std::chrono::steady_clock::now();
    deadline = phase_began + limit;
  }

  // False: the connection ends after what is in the output.
  asio::awaitable<bool> Answer() {
    phase = Phase::kHandling;
    Request request = parser_.request();
    request.remote_address = remote_address_;
    request.peer_certificate_pem = peer_certificate_pem_;
    Response response;
    try {
      response = co_await state_->handler(request);
    } catch (const std::exception& error) {
      log::Error("request handler failed", {{"path", request.path}, {"error", error.what()}});
      response = PlainAnswer(500);
    }
    const bool close = !parser_.keep_alive() || state_->announce_close;
    const AfterAnswer after = close                ? AfterAnswer::kClose
                              : parser_.http_1_0() ? AfterAnswer::kKeepAliveHttp10
                                                   : AfterAnswer::kKeepAlive;
    AppendResponse(output_, response, state_->date, after, request.method == "HEAD");
    parser_.Next();
    answered_ = true;
    if (close) co_return false;
    if (output_.size() >= kFlushBytes) co_return co_await Flush();
    co_return true;
  }

  asio::awaitable<bool> ReadMore() {
    if (parser_.TakeExpectContinue()) output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    if (!output_.empty()) {
      const bool flushed = co_await Flush();
      if (!flushed) co_return false;
    }
    // A request's deadline runs from its first byte and is not moved by those that follow.
    if (parser_.started()) {
      if (phase != Phase::kReading) Enter(Phase::kReading, state_->options.read_timeout);
    } else if (answered_) {
      Enter(Phase::kIdle, state_->options.idle_timeout);
    }
    const std::span<char> space = parser_.Space();
    error_code failed;
    const std::size_t bytes =
        co_await stream_.async_read_some(asio::buffer(space.data(), space.size()),
                                         asio::redirect_error(asio::use_awaitable, failed));
    if (failed) {
      if (timed_out && parser_.started()) {
        AppendResponse(output_, PlainAnswer(408), state_->date, AfterAnswer::kClose, false);
      }
      co_return false;
    }
    timed_out = false;
    parser_.Commit(bytes);
    co_return true;
  }

  asio::awaitable<bool> Flush() {
    std::size_t sent = 0;
    while (sent < output_.size()) {
      // Progress moves the deadline: a large answer over a slow line is not an attack.
      Enter(Phase::kWriting, state_->options.read_timeout);
      error_code failed;
      sent += co_await stream_.async_write_some(
          asio::buffer(output_.data() + sent, output_.size() - sent),
          asio::redirect_error(asio::use_awaitable, failed));
      if (failed) {
        output_.clear();
        co_return false;
      }
    }
    if (output_.capacity() > kKeptOutput) output_ = std::string();
    output_.clear();
    co_return true;
  }

  // Sends what is left and ends our side first: closing a socket with unread bytes in it resets the
  // connection, and the peer would lose the answer.
  asio::awaitable<void> FlushAndClose() {
    if (output_.empty()) co_return;
    const bool flushed = co_await Flush();
    if (!flushed) co_return;
    Enter(Phase::kClosing, kLinger);
    error_code failed;
    if constexpr (kTls) {
      co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
      co_return;
    }
    socket().shutdown(tcp::socket::shutdown_send, failed);
    char discarded[4096];
    std::size_t total = 0;
    while (!failed && total < kLingerBytes) {
      total += co_await socket().async_read_some(asio::buffer(discarded),
                                                 asio::redirect_error(asio::use_awaitable, failed));
    }
  }

  const std::shared_ptr<ServerState> state_;
  Stream stream_;
  RequestParser parser_;
  std::string output_;
  std::string remote_address_;
  std::string peer_certificate_pem_;
  bool answered_ = false;
};

}  // namespace

std::unique_ptr<Connection> MakePlainConnection(std::shared_ptr<ServerState> state,
                                                tcp::socket socket) {
  return std::make_unique<Session<tcp::socket>>(std::move(state), std::move(socket));
}

std::unique_ptr<Connection> MakeTlsConnection(std::shared_ptr<ServerState> state,
                                              tcp::socket socket,
                                              std::shared_ptr<asio::ssl::context> context) {
  // The stream's SSL object keeps OpenSSL's context alive by itself.
  asio::ssl::stream<tcp::socket> stream(std::move(socket), *context);
  return std::make_unique<Session<asio::ssl::stream<tcp::socket>>>(std::move(state),
                                                                   std::move(stream));
}

}  // namespace sb::http
