#include "operator/prometheus/client.h"

#include <cpprest/containerstream.h>
#include <cpprest/http_client.h>
#include <pplx/threadpool.h>

#include <exception>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace sb::promql {
namespace {

namespace web_http = web::http;

// Above this the query goes into a body: proxies refuse long request lines.
constexpr std::size_t kMaxQueryInUrl = 4000;
constexpr std::size_t kMaxClients = 32;
constexpr std::size_t kReadBytes = 16 << 10;
// cpprestsdk's own timer, per stage. The deadline of a call is ours; this one only ends what we
// forgot.
constexpr std::chrono::seconds kStageTimeout{60};

struct Answer {
  int status = 0;
  std::string body;
};

// cpprestsdk would start 40 threads. Whoever comes first sets the size (the Kubernetes transport
// does it too); the second attempt throws, and that is fine.
void SizeThreadPoolOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(4);
    } catch (const std::exception&) {
    }
  });
}

web_http::http_request MakeRequest(const std::string& path, const std::string& form) {
  web_http::http_request request(web_http::methods::GET);
  // GET is what the library retries by itself on a connection that the server has closed meanwhile.
  if (form.size() <= kMaxQueryInUrl) {
    request.set_request_uri(web::uri(path + "?" + form));
  } else {
    request.set_method(web_http::methods::POST);
    request.set_request_uri(web::uri(path));
    request.set_body(form, "application/x-www-form-urlencoded");
  }
  request.headers().add("Accept", "application/json");
  return request;
}

// Appends to `text` until the end of `body` or until `text` is larger than an answer may be: the
// library has no limit of its own.
pplx::task<void> ReadBody(concurrency::streams::istream body, std::shared_ptr<std::string> text,
                          std::size_t most_bytes) {
  concurrency::streams::container_buffer<std::string> chunk;
  return body.read(chunk, kReadBytes).then([body, text, chunk, most_bytes](std::size_t size) {
    text->append(chunk.collection(), 0, size);
    if (size == 0 || text->size() > most_bytes) return pplx::task_from_result();
    return ReadBody(body, text, most_bytes);
  });
}

pplx::task<Answer> Ask(web_http::client::http_client client, web_http::http_request request,
                       std::size_t most_bytes, const pplx::cancellation_token& token) {
  return client.request(std::move(request), token)
      .then([most_bytes](web_http::http_response response) {
        auto text = std::make_shared<std::string>();
        return ReadBody(response.body(), text, most_bytes).then([response, text] {
          return Answer{response.status_code(), std::move(*text)};
        });
      });
}

}  // namespace

class Client::Impl {
 public:
  Expected<Answer> Post(const Endpoint& endpoint, const std::string& form, std::size_t most_bytes,
                        Duration timeout) {
    SizeThreadPoolOnce();
    const pplx::cancellation_token_source cancel;
    // Shared: the library may still run the continuation after this call has given up.
    auto settled = std::make_shared<std::promise<Expected<Answer>>>();
    std::future<Expected<Answer>> outcome = settled->get_future();
    try {
      web_http::http_request request = MakeRequest(endpoint.path, form);
      const bool fresh = request.method() == web_http::methods::POST;
      Ask(ClientOf(endpoint.server, fresh), std::move(request), most_bytes, cancel.get_token())
          .then([settled, server = endpoint.server](pplx::task<Answer> task) {
            settled->set_value(Settle(task, server));
          });
    } catch (const std::exception& error) {
      return Fail(ErrorCode::kInvalidArgument,
                  endpoint.server + " cannot be asked: " + error.what());
    }
    if (outcome.wait_for(timeout) != std::future_status::ready) {
      cancel.cancel();  // closes the socket
      Drop(endpoint.server);
      return Fail(ErrorCode::kDeadlineExceeded, endpoint.server + " did not answer in time");
    }
    Expected<Answer> answer = outcome.get();
    if (!answer) {
      Drop(endpoint.server);
      return tl::unexpected(answer.error());
    }
    if (answer->body.size() > most_bytes) {
      cancel.cancel();  // or the rest would pile up in the library
      Drop(endpoint.server);
      return Fail(ErrorCode::kInvalidArgument, endpoint.server + " answered more than " +
                                                   std::to_string(most_bytes >> 20) +
                                                   " MiB; aggregate the query with sum or max");
    }
    return answer;
  }

 private:
  static Expected<Answer> Settle(const pplx::task<Answer>& task, const std::string& server) {
    try {
      return task.get();
    } catch (const std::exception& error) {
      // The library's error codes are unreliable (facts/controller.md §6); its sentences are
      // constant.
      return Fail(ErrorCode::kUnavailable, server + " cannot be reached: " + error.what());
    } catch (...) {
      return Fail(ErrorCode::kUnavailable, server + " cannot be reached");
    }
  }

  // `fresh`: on a connection of its own, because a POST fails on one that the server has closed.
  web_http::client::http_client ClientOf(const std::string& server, bool fresh) {
    web_http::client::http_client_config config;
    config.set_timeout(kStageTimeout);
    config.set_max_redirects(0);  // a redirection must not lead to hosts that nobody configured
    if (fresh) return {web::uri(server), config};
    const std::lock_guard lock(clients_mutex_);
    const auto found = clients_.find(server);
    if (found != clients_.end()) return found->second;
    if (clients_.size() >= kMaxClients) clients_.clear();
    return clients_.emplace(server, web_http::client::http_client(web::uri(server), config))
        .first->second;
  }

  // After an error its connections are not trusted any more.
  void Drop(const std::string& server) {
    const std::lock_guard lock(clients_mutex_);
    clients_.erase(server);
  }

  std::mutex clients_mutex_;
  std::map<std::string, web_http::client::http_client> clients_;
};

Client::Client() : impl_(std::make_unique<Impl>()) {}
Client::~Client() = default;

Expected<InstantVector> Client::Query(const std::string& url, const std::string& promql,
                                      Duration timeout) {
  const auto endpoint = QueryEndpoint(url);
  if (!endpoint) return tl::unexpected(endpoint.error());
  const auto answer = impl_->Post(*endpoint, "query=" + web::uri::encode_data_string(promql),
                                  kMaxAnswerBytes, timeout);
  if (!answer) return tl::unexpected(answer.error());
  return ParseAnswer(answer->status, answer->body, endpoint->server);
}

Expected<std::vector<Series>> Client::QueryRange(const std::string& url, const std::string& promql,
                                                 const Range& range, Duration timeout) {
  auto endpoint = QueryEndpoint(url);
  if (!endpoint) return tl::unexpected(endpoint.error());
  endpoint->path += "_range";
  const std::string form = "query=" + web::uri::encode_data_string(promql) +
                           "&start=" + FormatTime(range.from) + "&end=" + FormatTime(range.to) +
                           "&step=" + std::to_string(range.step.count());
  const auto answer = impl_->Post(*endpoint, form, kMaxRangeBytes, timeout);
  if (!answer) return tl::unexpected(answer.error());
  return ParseRangeAnswer(answer->status, answer->body, endpoint->server);
}

}  // namespace sb::promql
