#include "operator/podmetrics/scrape.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <utility>

namespace sb::podmetrics {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::uint64_t kMaxBodyBytes = 4 << 20;

// One pod: connect, ask, read.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::io_context& loop, Expected<std::string>& answer, Duration timeout)
      : stream_(loop), answer_(answer) {
    stream_.expires_after(timeout);
    parser_.body_limit(kMaxBodyBytes);
  }

  void Start(const PodAddress& pod) {
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(pod.ip, bad);
    if (bad) return Fail(ErrorCode::kUnavailable, "the pod has no address yet");
    request_ = {http::verb::get, "/metrics", 11};
    request_.set(http::field::host, pod.ip);
    request_.set(http::field::accept, "text/plain;version=0.0.4");
    request_.set(http::field::connection, "close");
    stream_.async_connect(asio::ip::tcp::endpoint(address, pod.port),
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (error) return self->Fail(error);
                            self->Ask();
                          });
  }

 private:
  void Ask() {
    http::async_write(stream_, request_,
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        if (error) return self->Fail(error);
                        self->Read();
                      });
  }

  void Read() {
    http::async_read(stream_, buffer_, parser_,
                     [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                       if (error) return self->Fail(error);
                       auto& response = self->parser_.get();
                       if (response.result() != http::status::ok) {
                         return self->Fail(
                             ErrorCode::kInternal,
                             "/metrics answered " + std::to_string(response.result_int()));
                       }
                       self->answer_ = std::move(response.body());
                     });
  }

  void Fail(boost::system::error_code error) {
    if (error == beast::error::timeout)
      return Fail(ErrorCode::kDeadlineExceeded, "did not answer in time");
    Fail(ErrorCode::kUnavailable, error.message());
  }
  void Fail(ErrorCode code, std::string message) { answer_ = sb::Fail(code, std::move(message)); }

  beast::tcp_stream stream_;
  Expected<std::string>& answer_;
  http::request<http::empty_body> request_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
};

}  // namespace

std::vector<Expected<std::string>> Scrape(const std::vector<PodAddress>& pods, Duration timeout) {
  std::vector<Expected<std::string>> answers(
      pods.size(), Fail(ErrorCode::kDeadlineExceeded, "did not answer in time"));
  asio::io_context loop{1};
  for (std::size_t i = 0; i < pods.size(); ++i) {
    std::make_shared<Session>(loop, answers[i], timeout)->Start(pods[i]);
  }
  loop.run_for(timeout + std::chrono::milliseconds(100));
  return answers;
}

}  // namespace sb::podmetrics
