#include "operator/kube/testing/fake_http_server.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Connection = ScriptedServer::Connection;

// Longer than any test.
constexpr Duration kForEver = 1h;

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

// What is before the first `c`; `text` keeps what is behind it.
std::string_view Take(std::string_view& text, std::string_view c) {
  const std::size_t end = std::min(text.find(c), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + c.size(), text.size()));
  return taken;
}

// Of a request as ScriptedServer reads it: head and body.
Request Parsed(std::string_view text) {
  Request request;
  std::string_view head = Take(text, "\r\n\r\n");
  request.body = text;
  std::string_view line = Take(head, "\r\n");
  request.method = Take(line, " ");
  std::string_view query = Take(line, " ");
  request.path = Decoded(Take(query, "?"));
  while (!query.empty()) {
    std::string_view value = Take(query, "&");
    const std::string name = Decoded(Take(value, "="));
    request.query.emplace_back(name, Decoded(value));
  }
  while (!head.empty()) {
    std::string_view value = Take(head, "\r\n");
    const std::string name(Take(value, ":"));
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "Accept") {
      request.accept = value;
    } else if (name == "Content-Type") {
      request.content_type = Take(value, ";");
    } else {
      request.headers.emplace_back(name, value);
    }
  }
  return request;
}

bool IsWatch(const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (name == "watch" && value == "true") return true;
  }
  return false;
}

std::string HeadOf(const Response& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Whatever\r\n";
  for (const auto& [name, value] : response.headers) {
    if (name != "Transfer-Encoding") head += name + ": " + value + "\r\n";
  }
  return head;
}

}  // namespace

// One request on its connection.
class FakeHttpServer::Exchange {
 public:
  Exchange(Connection& connection, const Options& options, std::stop_token killed)
      : connection_(connection), options_(options), killed_(std::move(killed)) {
    // The client hangs up, or we are killed: the backend must not go on for nobody.
    monitor_ = std::jthread([this](std::stop_token done) {
      while (!done.stop_requested() && !killed_.stop_requested()) {
        if (!connection_.WaitForHangUp(1ms)) continue;
        break;
      }
      if (!done.stop_requested()) over_.request_stop();
    });
  }

  // False: the connection is of no more use.
  bool Run(Transport& backend, const Request& request) {
    return request.method == "GET" ? Stream(backend, request) : Send(backend, request);
  }

 private:
  bool Send(Transport& backend, const Request& request) {
    const auto response = backend.Send(request, kForEver, over_.get_token());
    return response ? Answer(*response) : GiveUp(response.error());
  }

  bool Stream(Transport& backend, const Request& request) {
    bool open = false;
    bool writable = true;
    StreamHandlers handlers;
    handlers.open_deadline = kForEver;
    handlers.live = IsWatch(request);
    handlers.idle_deadline = [] { return kForEver; };
    handlers.on_open = [&](const Response& head) {
      open = true;
      writable = Write(HeadOf(head) + "Transfer-Encoding: chunked\r\n\r\n");
    };
    handlers.on_data = [&](std::string_view bytes) {
      writable = writable && Chunk(bytes);
      return writable;
    };
    auto head = backend.Stream(request, handlers, over_.get_token());
    if (!head) return GiveUp(head.error());
    if (head->status != 200) return Answer(*head);
    // A backend that has no objects to be opened for, such as a Get.
    if (!open) return Answer(*head);
    return writable && Chunk("");
  }

  bool Answer(const Response& response) {
    return Write(HeadOf(response) + "Content-Length: " + std::to_string(response.body.size()) +
                 "\r\n\r\n" + response.body);
  }

  bool GiveUp(const Error& error) {
    // Silence, until the client has had enough of it.
    if (error.code == ErrorCode::kDeadlineExceeded) {
      while (!over_.stop_requested()) std::this_thread::sleep_for(1ms);
      return false;
    }
    connection_.Reset();
    return false;
  }

  bool Chunk(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
    return Write(std::string(size) + std::string(bytes) + "\r\n");
  }

  bool Write(std::string_view bytes) {
    if (options_.packet == 0) return connection_.Write(bytes);
    while (!bytes.empty()) {
      if (!connection_.Write(bytes.substr(0, options_.packet))) return false;
      bytes.remove_prefix(std::min(options_.packet, bytes.size()));
    }
    return true;
  }

  Connection& connection_;
  const Options& options_;
  const std::stop_token killed_;
  std::stop_source over_;
  std::jthread monitor_;
};

FakeHttpServer::FakeHttpServer(Transport& backend) : FakeHttpServer(backend, Options()) {}

FakeHttpServer::FakeHttpServer(Transport& backend, Options options)
    : backend_(backend), options_(options) {
  server_ = std::make_unique<ScriptedServer>([this](Connection& connection) { Serve(connection); },
                                             options.tls, options.port);
}

FakeHttpServer::~FakeHttpServer() {
  ResetConnections();
  server_.reset();
}

std::string FakeHttpServer::url() const {
  return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
}

void FakeHttpServer::ResetConnections() {
  server_->ResetConnections();
  std::lock_guard lock(killer_mutex_);
  killer_.request_stop();
  killer_ = std::stop_source();
}

void FakeHttpServer::Serve(Connection& connection) {
  std::stop_token killed;
  {
    std::lock_guard lock(killer_mutex_);
    killed = killer_.get_token();
  }
  while (auto text = connection.ReadRequest()) {
    Exchange exchange(connection, options_, killed);
    if (!exchange.Run(backend_, Parsed(*text))) return;
  }
}

}  // namespace sb::kube
