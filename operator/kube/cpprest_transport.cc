// Traps of cpprestsdk 2.10.18 and what closes them here (line of argument: its
// http_client_asio.cpp):
// - Its pool has 40 threads: PrepareProcess. Blocking on a pool thread deadlocks: only callers'
// threads block.
// - Its timeout resets once a stage or a whole chunk is done, so it cannot be a deadline:
// BodyBuffer keeps ours, and its
//   own is only a last resort.
// - Its response buffer grows without bound when nobody reads: our stream buffer makes the next
// read wait.
// - A body without chunks or length arrives at its end or per 64 KiB: refused for streams.
// - A request on a reused connection that the server closed is silently sent again, applied or not:
// what is not
//   idempotent gets a client, and so a connection, of its own. So do streams.
// - A dead pooled connection fails again and again: any error drops the client with its pool.
// - Error codes are unreliable (end of stream is "No such file or directory"): any exception is a
// disconnect.
// - A bracketed IPv6 address is looked up as a name: refused.
// - Cancelling from another thread closes a socket under a handler that reads from it: done on the
// pool's only thread.
// - A write that its stream buffer refuses waits, on the pool's thread, for a step on that thread:
// BodyStream closes without one.
// - System CAs are trusted besides ours: the TLS callback replaces the store, see TlsIdentity.
#include "operator/kube/cpprest_transport.h"

#include <cpprest/http_client.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "operator/kube/body_buffer.h"
#include "operator/kube/body_stream.h"
#include "operator/kube/credentials.h"
#include "operator/kube/proxy_url.h"
#include "operator/kube/tls_environment.h"
#include "operator/kube/tls_identity.h"

// The library's own one frees nothing but on Windows, so the login of a proxy leaked with each
// connection (cpprestsdk issue 1696). A program's symbols win over a shared library's: its calls
// come here.
void web::details::zero_memory_deleter::operator()(utility::string_t* secret) const {
  OPENSSL_cleanse(secret->data(), secret->size());
  delete secret;
}

namespace sb::kube {
namespace {

namespace streams = concurrency::streams;
using web::http::http_request;
using web::http::http_response;
using web::http::client::http_client;
using web::http::client::http_client_config;

constexpr std::size_t kHighWater = 1 << 20;
constexpr std::size_t kMaxErrorBody = 64 << 10;
constexpr auto kLastResort = std::chrono::minutes(10);

Response HeadOf(const http_response& response) {
  Response head;
  head.status = response.status_code();
  for (const auto& [name, value] : response.headers()) head.headers.emplace(name, value);
  return head;
}

// One request and its answer. Leaving its scope closes the connection unless the answer is
// complete.
class Exchange {
 public:
  Exchange(const std::shared_ptr<http_client>& client, http_request request,
           const std::string& server, const std::shared_ptr<TlsIdentity>& tls)
      : buffer_(std::make_shared<BodyBuffer>(kHighWater)) {
    request.set_response_stream(
        streams::ostream(streams::streambuf<std::uint8_t>(std::make_shared<BodyStream>(buffer_))));
    const auto fail = [buffer = buffer_, server, tls](const std::exception_ptr& failure) {
      std::string why = "connection failed";
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& exception) {
        why = exception.what();
        if (tls && (tls->IsRefused() || why.find("SSL handshake") != std::string::npos)) {
          why += ": " + tls->LastAlert();
        }
      } catch (...) {
      }
      buffer->Fail({ErrorCode::kUnavailable, server + ": " + why, 0});
    };
    try {
      client->request(std::move(request), cancel_.get_token())
          .then([buffer = buffer_, fail](pplx::task<http_response> answer) {
            try {
              http_response response = answer.get();
              buffer->Head(HeadOf(response));
              response.content_ready().then([buffer, fail](pplx::task<http_response> body) {
                try {
                  body.get();
                  buffer->End();
                } catch (...) {
                  fail(std::current_exception());
                }
              });
            } catch (...) {
              fail(std::current_exception());
            }
          });
    } catch (...) {
      fail(std::current_exception());
    }
  }
  ~Exchange() {
    // On the library's one thread, which runs every handler: cancelling closes the socket, and if
    // that happens elsewhere while a handler begins to read from it, Asio takes the end of the
    // connection for a read of nothing, and the library hands out bytes that it has not got.
    if (!complete_) pplx::create_task([cancel = cancel_] { cancel.cancel(); });
    buffer_->Close();
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  BodyBuffer& buffer() { return *buffer_; }

  // Reads the rest of the body into `response`.
  Expected<void> ReadAll(Response& response, std::size_t limit, TimePoint deadline,
                         std::stop_token stop) {
    for (;;) {
      auto bytes = buffer_->Take(deadline, stop);
      if (!bytes) return tl::unexpected(bytes.error());
      if (bytes->empty()) {
        complete_ = true;
        return {};
      }
      if (response.body.size() + bytes->size() > limit) {
        return Fail(ErrorCode::kInternal,
                    "the answer is larger than " + std::to_string(limit) + " bytes");
      }
      response.body += *bytes;
    }
  }
  void SetComplete() { complete_ = true; }

 private:
  pplx::cancellation_token_source cancel_;
  std::shared_ptr<BodyBuffer> buffer_;
  bool complete_ = false;
};

class CpprestTransport : public Transport {
 public:
  CpprestTransport(const ClusterConfig& config, std::unique_ptr<TlsIdentity> tls,
                   std::shared_ptr<CredentialSource> credentials)
      : config_(config), tls_(std::move(tls)), credentials_(std::move(credentials)) {}

  Expected<Response> Send(const Request& request, Duration deadline,
                          std::stop_token stop) override {
    const TimePoint until = SystemClock().Now() + deadline;
    auto ready = Prepare(request, request.idempotent, until, stop);
    if (!ready) return tl::unexpected(ready.error());
    Exchange exchange(ready->client, std::move(ready->request), config_.server, tls_);
    auto response = exchange.buffer().WaitHead(until, stop);
    if (response) {
      auto read = exchange.ReadAll(*response, kMaxResponseBytes, until, stop);
      if (!read) response = tl::unexpected(read.error());
    }
    if (!response && request.idempotent) Drop(ready->client);
    if (response) NoteStatus(response->status, ready->credentials);
    return response;
  }

  Expected<Response> Stream(const Request& request, const StreamHandlers& handlers,
                            std::stop_token stop) override {
    const TimePoint start = SystemClock().Now();
    auto ready = Prepare(request, !handlers.live, OpenedBy(handlers, start), stop);
    if (!ready) return tl::unexpected(ready.error());
    Exchange exchange(ready->client, std::move(ready->request), config_.server, tls_);
    auto head = Follow(exchange, handlers, start, stop);
    if (!head && !handlers.live) Drop(ready->client);
    if (head) NoteStatus(head->status, ready->credentials);
    return head;
  }

 private:
  static TimePoint End(const StreamHandlers& handlers, TimePoint start) {
    return handlers.deadline ? start + *handlers.deadline : TimePoint::max();
  }
  static TimePoint OpenedBy(const StreamHandlers& handlers, TimePoint start) {
    return std::min(End(handlers, start), start + handlers.open_deadline);
  }

  Expected<Response> Follow(Exchange& exchange, const StreamHandlers& handlers, TimePoint start,
                            const std::stop_token& stop) {
    const TimePoint end = End(handlers, start);
    const TimePoint opened_by = OpenedBy(handlers, start);
    auto head = exchange.buffer().WaitHead(opened_by, stop);
    if (!head) return head;
    if (head->status != 200) {
      // The refusal itself is what counts; its body only explains it.
      (void)exchange.ReadAll(*head, kMaxErrorBody, opened_by, stop);
      return head;
    }
    auto encoding = head->headers.find("Transfer-Encoding");
    if (handlers.live && (encoding == head->headers.end() ||
                          encoding->second.find("chunked") == std::string::npos)) {
      return Fail(ErrorCode::kUnavailable,
                  config_.server +
                      ": the stream is not chunked, something between us and "
                      "the API server holds it back");
    }
    if (handlers.on_open) handlers.on_open(*head);
    for (;;) {
      const TimePoint quiet = SystemClock().Now() + handlers.idle_deadline();
      auto bytes = exchange.buffer().Take(std::min(end, quiet), stop);
      if (!bytes) return tl::unexpected(bytes.error());
      if (bytes->empty()) {
        exchange.SetComplete();
        return head;
      }
      if (!handlers.on_data(*bytes)) return head;
    }
  }

  struct Prepared {
    Credentials credentials;
    std::shared_ptr<http_client> client;
    http_request request;
  };

  // `pooled`: on a connection that other requests use before and after it.
  Expected<Prepared> Prepare(const Request& request, bool pooled, TimePoint until,
                             const std::stop_token& stop) {
    auto credentials = credentials_->Get(until, stop);
    // A server that does not take our certificate says so by TLS, on a thread of the library.
    if (credentials && tls_ && tls_->TakeRefusal()) {
      credentials_->NoteRefused(*credentials);
      credentials = credentials_->Get(until, stop);
    }
    if (!credentials) return tl::unexpected(credentials.error());
    auto client = pooled ? SharedClient(*credentials) : NewClient(*credentials);
    if (!client) return tl::unexpected(client.error());
    auto built = Build(request, *credentials);
    if (!built) return tl::unexpected(built.error());
    return Prepared{std::move(*credentials), std::move(*client), std::move(*built)};
  }

  // Client construction throws on a URL that does not parse; MakeTransport has tried it once.
  Expected<std::shared_ptr<http_client>> NewClient(const Credentials& credentials) const {
    http_client_config config;
    config.set_timeout(kLastResort);
    config.set_max_redirects(0);
    if (tls_) {
      config.set_validate_certificates(!config_.insecure_skip_tls_verify);
      config.set_ssl_context_callback(
          [tls = tls_, certificate = credentials.certificate](boost::asio::ssl::context& context) {
            tls->Configure(context.native_handle(), certificate.get());
          });
    }
    try {
      if (const auto proxy = ParseProxyUrl(config_.proxy_url)) {
        web::web_proxy web_proxy{web::uri(proxy->address)};
        if (!proxy->user.empty()) web_proxy.set_credentials({proxy->user, proxy->password});
        config.set_proxy(std::move(web_proxy));
      }
      return std::make_shared<http_client>(config_.server, config);
    } catch (const std::exception& exception) {
      return Fail(ErrorCode::kInvalidArgument, config_.server + ": " + exception.what());
    }
  }

  // Its pooled connections prove who we are and have proven who the server is by what was right
  // when they were made; when that has changed they go.
  Expected<std::shared_ptr<http_client>> SharedClient(const Credentials& credentials) {
    const std::uint64_t trust = tls_ ? tls_->TrustVersion() : 0;
    std::lock_guard lock(client_mutex_);
    if (client_ && client_certificate_ == credentials.certificate && client_trust_ == trust) {
      return client_;
    }
    auto client = NewClient(credentials);
    if (!client) return client;
    client_ = *client;
    client_certificate_ = credentials.certificate;
    client_trust_ = trust;
    return client;
  }

  void Drop(const std::shared_ptr<http_client>& failed) {
    std::lock_guard lock(client_mutex_);
    if (client_ == failed) client_.reset();
  }

  void NoteStatus(int status, const Credentials& used) {
    if (status == 401) credentials_->NoteRefused(used);
  }

  Expected<http_request> Build(const Request& request, const Credentials& credentials) const {
    try {
      http_request built(request.method);
      built.set_request_uri(web::uri(Target(request)));
      auto& headers = built.headers();
      if (!config_.tls_server_name.empty()) headers.add("Host", config_.tls_server_name);
      headers.add("Accept", request.accept);
      for (const auto& [name, value] : request.headers) headers.add(name, value);
      if (!credentials.authorization.empty()) {
        headers.add("Authorization", credentials.authorization);
      }
      if (!request.content_type.empty()) built.set_body(request.body, request.content_type);
      return built;
    } catch (const std::exception& exception) {
      return Fail(ErrorCode::kInvalidArgument, request.path + ": " + exception.what());
    }
  }

  const ClusterConfig config_;
  const std::shared_ptr<TlsIdentity> tls_;  // shared with connections that outlive us for a moment
  const std::shared_ptr<CredentialSource> credentials_;
  std::mutex client_mutex_;
  std::shared_ptr<http_client> client_;  // for all requests that may be sent twice
  std::shared_ptr<const ClientCertificate> client_certificate_;
  std::uint64_t client_trust_ = 0;
};

}  // namespace

void PrepareProcess(int threads) {
  static std::once_flag once;
  std::call_once(once, [threads] {
    HideSystemRoots();
    // An arena for each of our threads would keep what each has once used of memory; they allocate
    // so little at the same time that two are enough.
    mallopt(M_ARENA_MAX, 2);
    try {
      crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(threads));
    } catch (const std::exception&) {
      // Somebody used the library before us: then its pool stays as it is.
    }
  });
}

Expected<std::unique_ptr<Transport>> MakeTransport(const ClusterConfig& config,
                                                   const Clock& clock) {
  PrepareProcess();
  const bool https = config.server.starts_with("https://");
  if (!https && !config.server.starts_with("http://")) {
    return Fail(ErrorCode::kInvalidArgument,
                "the API server is not an http(s) URL: " + config.server);
  }
  if (config.server.find("://[") != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                config.server +
                    ": an IPv6 address cannot be looked up; use a host name that has "
                    "it, with tls-server-name if the certificate is for another");
  }
  std::unique_ptr<TlsIdentity> tls;
  if (https) {
    auto made = TlsIdentity::Make(config, clock);
    if (!made) return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  if (!config.proxy_url.empty()) {
    if (auto proxy = ParseProxyUrl(config.proxy_url); !proxy) return tl::unexpected(proxy.error());
  }
  auto credentials = MakeCredentials(config, clock);
  if (!credentials) return tl::unexpected(credentials.error());
  try {
    http_client probe(config.server);
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInvalidArgument, config.server + ": " + exception.what());
  }
  return std::make_unique<CpprestTransport>(config, std::move(tls), std::move(*credentials));
}

}  // namespace sb::kube
