#include "operator/prometheus/client.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "operator/kube/client.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/pem.h"
#include "operator/kube/transport.h"

namespace sb::promql {
namespace {

// Above this the query goes into a body: proxies refuse long request lines.
constexpr std::size_t kMaxQueryInUrl = 4000;
constexpr std::size_t kMaxTransports = 64;

struct Answer {
  int status = 0;
  std::string body;
};

using Form = std::vector<std::pair<std::string, std::string>>;

std::string Encoded(const Form& form) {
  std::string text;
  for (const auto& [name, value] : form) {
    text +=
        (text.empty() ? "" : "&") + kube::PercentEncode(name) + "=" + kube::PercentEncode(value);
  }
  return text;
}

kube::Request MakeRequest(const std::string& path, const Form& form,
                          const Credentials& credentials) {
  kube::Request request{.path = path, .query = credentials.query_parameters};
  request.headers = credentials.headers;
  request.headers.emplace_back("User-Agent", kube::kUserAgent);
  const std::string encoded = Encoded(form);
  if (encoded.size() <= kMaxQueryInUrl) {
    request.query.insert(request.query.begin(), form.begin(), form.end());
  } else {
    request.method = "POST";
    request.body = encoded;
    request.content_type = "application/x-www-form-urlencoded";
    // On a connection of its own: a POST fails on one that the server has closed meanwhile.
    request.idempotent = false;
  }
  return request;
}

tl::unexpected<Error> TooLarge(const std::string& server, std::size_t most_bytes) {
  return Fail(ErrorCode::kInvalidArgument, server + " answered more than " +
                                               std::to_string(most_bytes >> 20) +
                                               " MiB; aggregate the query with sum or max");
}

// Reads no further than it has to: an answer may be without end.
Expected<Answer> Send(kube::Transport& transport, const kube::Request& request,
                      const std::string& server, std::size_t most_bytes, Duration timeout) {
  Answer answer;
  if (!request.idempotent) {
    auto response = transport.Send(request, timeout);
    if (!response) return tl::unexpected(response.error());
    answer = {response->status, std::move(response->body)};
  } else {
    kube::StreamHandlers handlers{.open_deadline = timeout, .deadline = timeout, .live = false};
    handlers.on_data = [&](std::string_view bytes) {
      answer.body += bytes;
      return answer.body.size() <= most_bytes;
    };
    handlers.idle_deadline = [timeout] { return timeout; };
    auto head = transport.Stream(request, handlers, {});
    if (!head) return tl::unexpected(head.error());
    answer.status = head->status;
    if (head->status != 200) answer.body = std::move(head->body);
  }
  if (answer.body.size() > most_bytes) return TooLarge(server, most_bytes);
  return answer;
}

// The transport's words, in those of this one: they become conditions.
Error Reworded(Error error, const std::string& server) {
  if (error.code == ErrorCode::kDeadlineExceeded) {
    error.message = server + " did not answer in time";
  } else if (error.code == ErrorCode::kUnavailable) {
    const std::string prefix = server + ": ";
    if (error.message.starts_with(prefix)) error.message.erase(0, prefix.size());
    error.message = server + " cannot be reached: " + error.message;
  }
  return error;
}

// No connection can be made. With `origin` that is for a certificate or key of it.
tl::unexpected<Error> Unusable(Error error, const std::string& server, const std::string& origin) {
  error.terminal = true;
  error.code = origin.empty() ? ErrorCode::kInvalidArgument : ErrorCode::kUnauthenticated;
  error.message = (origin.empty() ? server + " cannot be asked: "
                                  : origin + " cannot be used for TLS to " + server + ": ") +
                  error.message;
  return tl::unexpected(std::move(error));
}

}  // namespace

class Client::Impl {
 public:
  Expected<Answer> Ask(const Endpoint& endpoint, const Form& form, std::size_t most_bytes,
                       Duration timeout, const Credentials& credentials) {
    auto transport = TransportTo(endpoint.server, credentials);
    if (!transport) return tl::unexpected(transport.error());
    auto answer = Send(**transport, MakeRequest(endpoint.path, form, credentials), endpoint.server,
                       most_bytes, timeout);
    if (!answer) return tl::unexpected(Reworded(answer.error(), endpoint.server));
    return answer;
  }

 private:
  using TransportPtr = std::shared_ptr<kube::Transport>;
  // Server, authority, certificate, key: what a connection proves holds for as long as it lives.
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  struct Kept {
    TransportPtr transport;
    TimePoint used;
  };

  Expected<TransportPtr> TransportTo(const std::string& server, const Credentials& credentials) {
    Key key{server, credentials.authority_pem, credentials.certificate_pem, credentials.key_pem};
    const TimePoint now = SystemClock().Now();
    const std::lock_guard lock(transports_mutex_);
    if (const auto found = transports_.find(key); found != transports_.end()) {
      found->second.used = now;
      return found->second.transport;
    }
    if (!credentials.authority_pem.empty() && !kube::ParseStore(credentials.authority_pem)) {
      return Unusable({ErrorCode::kInvalidArgument, "the authority is no certificate in PEM"},
                      server, credentials.tls_origin);
    }
    auto made = kube::MakeTransport({.server = server,
                                     .ca_pem = credentials.authority_pem,
                                     .client_certificate_pem = credentials.certificate_pem,
                                     .client_key_pem = credentials.key_pem});
    if (!made) {
      return Unusable(made.error(), server, credentials.tls_origin);
    }
    if (transports_.size() >= kMaxTransports) {
      transports_.erase(std::min_element(
          transports_.begin(), transports_.end(),
          [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    }
    return transports_.emplace(std::move(key), Kept{std::move(*made), now}).first->second.transport;
  }

  std::mutex transports_mutex_;
  std::map<Key, Kept> transports_;
};

Client::Client() : impl_(std::make_unique<Impl>()) {}
Client::~Client() = default;

Expected<InstantVector> Client::Query(const std::string& url, const std::string& promql,
                                      Duration timeout, const Credentials& credentials) {
  const auto endpoint = QueryEndpoint(url);
  if (!endpoint) return tl::unexpected(endpoint.error());
  auto answer = impl_->Ask(*endpoint, {{"query", promql}}, kMaxAnswerBytes, timeout, credentials);
  auto parsed = answer ? ParseAnswer(answer->status, answer->body, endpoint->server)
                       : Expected<InstantVector>(tl::unexpected(answer.error()));
  if (!parsed) parsed.error().message = WithoutSecrets(parsed.error().message, credentials);
  return parsed;
}

Expected<std::vector<Series>> Client::QueryRange(const std::string& url, const std::string& promql,
                                                 const Range& range, Duration timeout,
                                                 const Credentials& credentials) {
  auto endpoint = QueryEndpoint(url);
  if (!endpoint) return tl::unexpected(endpoint.error());
  endpoint->path += "_range";
  const Form form = {{"query", promql},
                     {"start", FormatTime(range.from)},
                     {"end", FormatTime(range.to)},
                     {"step", std::to_string(range.step.count())}};
  auto answer = impl_->Ask(*endpoint, form, kMaxRangeBytes, timeout, credentials);
  auto parsed = answer ? ParseRangeAnswer(answer->status, answer->body, endpoint->server)
                       : Expected<std::vector<Series>>(tl::unexpected(answer.error()));
  if (!parsed) parsed.error().message = WithoutSecrets(parsed.error().message, credentials);
  return parsed;
}

}  // namespace sb::promql
