#include "app/webhooks/post.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "app/webhooks/public_address.h"

namespace todo::webhooks {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;
using Request = http::request<http::string_body>;

constexpr std::uint32_t kMostHeaderBytes = 16 << 10;

tl::unexpected<sb::Error> Failed(std::string_view doing, error_code failed) {
  const bool late = failed == beast::error::timeout;
  return Fail(late ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable,
              std::string(doing) + ": " + (late ? "no answer in time" : failed.message()));
}

// Writes the request and reads the answer's header.
template <typename Stream>
asio::awaitable<Expected<int>> Ask(Stream& stream, Request& request) {
  error_code failed;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return Failed("sending", failed);
  beast::flat_buffer buffer(2 * kMostHeaderBytes);
  http::response_parser<http::empty_body> answer;
  answer.header_limit(kMostHeaderBytes);
  co_await http::async_read_header(stream, buffer, answer,
                                   asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return Failed("receiving", failed);
  co_return static_cast<int>(answer.get().result_int());
}

}  // namespace

class Poster::Impl {
 public:
  Impl(asio::io_context& loop, Options options)
      : loop_(loop), options_(std::move(options)), tls_(asio::ssl::context::tls_client) {
    error_code failed;
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                     asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                     asio::ssl::context::no_tlsv1_1);
    // Without authorities every certificate is refused, which is what should happen.
    if (options_.authorities_file.empty()) {
      tls_.set_default_verify_paths(failed);
    } else {
      tls_.load_verify_file(options_.authorities_file, failed);
    }
    tls_.set_verify_mode(asio::ssl::verify_peer, failed);
  }

  asio::awaitable<Expected<std::vector<tcp::endpoint>>> Resolve(const Url& url) {
    tcp::resolver resolver(loop_);
    error_code failed;
    const tcp::resolver::results_type found = co_await resolver.async_resolve(
        url.host, url.port, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Failed("resolving " + url.host, failed);
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found) {
      if (options_.allow_private || IsPublic(entry.endpoint().address())) {
        endpoints.push_back(entry.endpoint());
      }
    }
    if (endpoints.empty()) {
      co_return Fail(ErrorCode::kPermissionDenied, url.host + " is not on the public Internet");
    }
    co_return endpoints;
  }

  asio::awaitable<Expected<int>> Post(Url url, PostHeaders headers, std::string body,
                                      Clock::time_point deadline) {
    auto resolving = Resolve(url);
    const Expected<std::vector<tcp::endpoint>> endpoints = co_await std::move(resolving);
    if (!endpoints) co_return tl::unexpected<sb::Error>(endpoints.error());
    if (Clock::now() >= deadline) {
      co_return Fail(ErrorCode::kDeadlineExceeded, "resolving took all the time");
    }
    Request request(http::verb::post, url.target, 11);
    request.set(http::field::host, url.host_header);
    request.set(http::field::connection, "close");
    for (const auto& [name, value] : headers) request.set(name, value);
    request.body() = std::move(body);
    request.prepare_payload();
    if (url.tls) co_return co_await PostTls(url, *endpoints, request, deadline);

    beast::tcp_stream stream(loop_);
    stream.expires_at(deadline);
    error_code failed;
    co_await stream.async_connect(*endpoints, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Failed("connecting", failed);
    co_return co_await Ask(stream, request);
  }

 private:
  asio::awaitable<Expected<int>> PostTls(const Url& url,
                                         const std::vector<tcp::endpoint>& endpoints,
                                         Request& request, Clock::time_point deadline) {
    beast::ssl_stream<beast::tcp_stream> stream(loop_, tls_);
    beast::get_lowest_layer(stream).expires_at(deadline);
    error_code failed;
    co_await beast::get_lowest_layer(stream).async_connect(
        endpoints, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Failed("connecting", failed);
    // An address in the URL has no name to indicate; the certificate then has to name the address.
    asio::ip::make_address(url.host, failed);
    if (failed && SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str()) != 1) {
      co_return Fail(ErrorCode::kUnavailable, "the host's name does not fit TLS");
    }
    stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
    co_await stream.async_handshake(asio::ssl::stream_base::client,
                                    asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Failed("TLS", failed);
    co_return co_await Ask(stream, request);
  }

  asio::io_context& loop_;
  const Options options_;
  asio::ssl::context tls_;
};

Poster::Poster(asio::io_context& loop, Options options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Poster::~Poster() = default;

asio::awaitable<Expected<int>> Poster::Post(Url url, PostHeaders headers, std::string body,
                                            Clock::time_point deadline) {
  return impl_->Post(std::move(url), std::move(headers), std::move(body), deadline);
}

}  // namespace todo::webhooks
