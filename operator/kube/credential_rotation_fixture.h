// For tests of tokens, authorities and client certificates that change while a transport lives: it
// must not need a restart, not even in the middle of a watch, and half a file must not lock it out.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/testing/fake_clock.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/testing/scripted_server.h"
#include "operator/kube/testing/temporary_files.h"

namespace sb::kube {

using namespace std::chrono_literals;
inline constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
inline constexpr char kUnauthorized[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}";

// Answers requests and remembers who sent them. "/watch" streams one line, and another when told.
class Api {
 public:
  struct Seen {
    std::string token;
    std::string certificate;
  };

  explicit Api(const TestCertificates* tls = nullptr)
      : server([this](ScriptedServer::Connection& connection) { Serve(connection); }, tls) {}
  ~Api() { finish_watch.count_down(); }

  std::vector<Seen> Requests() {
    std::lock_guard lock(seen_mutex_);
    return seen_;
  }
  std::vector<std::string> Tokens() {
    std::vector<std::string> tokens;
    for (const Seen& request : Requests()) tokens.push_back(request.token);
    return tokens;
  }

  std::atomic<bool> refuses = false;
  std::latch finish_watch{1};
  ScriptedServer server;

 private:
  void Serve(ScriptedServer::Connection& connection) {
    while (auto request = connection.ReadRequest()) {
      const std::size_t bearer = request->find("Bearer ");
      Seen seen{"", connection.ClientCertificate()};
      if (bearer != std::string::npos) {
        seen.token = request->substr(bearer + 7, request->find("\r\n", bearer) - bearer - 7);
      }
      {
        std::lock_guard lock(seen_mutex_);
        seen_.push_back(seen);
      }
      if (refuses) {
        connection.Write(kUnauthorized);
      } else if (request->starts_with("GET /watch")) {
        connection.Write(kChunkedHead);
        connection.Chunk("one\n");
        finish_watch.wait();
        connection.Chunk("two\n");
        connection.Chunk("");
      } else {
        connection.Write(kOk);
      }
    }
  }

  std::mutex seen_mutex_;
  std::vector<Seen> seen_;
};

class RotationTest : public testing::Test {
 protected:
  std::unique_ptr<Transport> Connect(ClusterConfig config, const char* scheme = "https") {
    config.server = std::string(scheme) + "://127.0.0.1:" + std::to_string(api_->server.port());
    auto transport = MakeTransport(config, clock_);
    if (!transport) {
      ADD_FAILURE() << transport.error().message;
      std::abort();
    }
    return std::move(*transport);
  }

  // The status of one request, or 0 if there was none; `error_` says why.
  int Get(Transport& transport) {
    auto response = transport.Send({.path = "/"}, 10s);
    error_ = response ? "" : response.error().message;
    return response ? response->status : 0;
  }

  // Does `change` while a watch is open; the watch has to go on after it.
  void DuringAWatch(Transport& transport, const std::function<void()>& change) {
    std::latch open(1);
    std::string received;
    std::jthread watch([&] {
      StreamHandlers handlers;
      handlers.on_data = [&](std::string_view bytes) {
        if (received.empty()) open.count_down();
        received += bytes;
        return true;
      };
      handlers.idle_deadline = [] { return 30s; };
      auto head = transport.Stream({.path = "/watch"}, handlers, {});
      EXPECT_TRUE(head) << head.error().message;
      if (received.empty()) open.count_down();
    });
    open.wait();
    change();
    api_->finish_watch.count_down();
    watch.join();
    EXPECT_EQ(received, "one\ntwo\n");
  }

  void Serve(const TestCertificates* tls = nullptr) { api_.emplace(tls); }

  FakeClock clock_;
  TemporaryDirectory directory_;
  std::optional<Api> api_;
  std::string error_;
};

}  // namespace sb::kube
