#include "operator/kube/cpprest_transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <thread>

#include "operator/kube/line_splitter.h"
#include "operator/kube/testing/scripted_server.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Connection = ScriptedServer::Connection;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

std::unique_ptr<Transport> Connect(const ScriptedServer& server, ClusterConfig config = {},
                                   const char* scheme = "http") {
  config.server = std::string(scheme) + "://127.0.0.1:" + std::to_string(server.port());
  auto transport = MakeTransport(config);
  if (!transport) {
    ADD_FAILURE() << transport.error().message;
    std::abort();
  }
  return std::move(*transport);
}

// Hands the lines of a stream to `on_line`.
std::function<bool(std::string_view)> Lines(std::function<bool(std::string_view)> on_line) {
  auto splitter = std::make_shared<LineSplitter>(1 << 20);
  return [splitter, on_line = std::move(on_line)](std::string_view bytes) {
    return splitter->Feed(bytes, on_line) == LineSplitter::Result::kMore;
  };
}

StreamHandlers Collect(std::vector<std::string>& lines, Duration idle = 5s) {
  StreamHandlers handlers;
  handlers.on_data = Lines([&lines](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  handlers.idle_deadline = [idle] { return idle; };
  return handlers;
}

ErrorCode CodeOf(const Expected<Response>& response) {
  if (!response) return response.error().code;
  ADD_FAILURE() << "answered " << response->status;
  return ErrorCode::kInternal;
}

TEST(CpprestSend, CarriesMethodTargetHeadersAndBody) {
  std::string seen;
  ScriptedServer server([&](Connection& connection) {
    seen = *connection.ReadRequest();
    connection.Write("HTTP/1.1 409 Conflict\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}");
  });
  ClusterConfig config;
  config.token = "secret\n";
  auto transport = Connect(server, config);
  const auto response = transport->Send({.method = "PATCH",
                                         .path = "/api/v1/x%2Fy",
                                         .query = {{"labelSelector", "a=b,c in (d)"}},
                                         .headers = {{"User-Agent", "me"}},
                                         .content_type = "application/merge-patch+json",
                                         .body = "{\"a\":1}"},
                                        5s);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 409);
  EXPECT_EQ(response->headers.find("retry-after")->second, "7");
  EXPECT_EQ(response->body, "{}");
  EXPECT_TRUE(
      seen.starts_with("PATCH /api/v1/x%2Fy?labelSelector=a%3Db%2Cc%20in%20%28d%29 HTTP/1.1\r\n"))
      << seen;
  for (const char* part :
       {"Authorization:Bearer secret\r\n", "User-Agent:me\r\n", "Accept:application/json\r\n",
        "Content-Type:application/merge-patch+json\r\n", "\r\n\r\n{\"a\":1}"}) {
    EXPECT_NE(seen.find(part), std::string::npos) << part << " in " << seen;
  }
}

TEST(CpprestSend, GivesUpAtItsDeadlineAndAtStop) {
  ScriptedServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.WaitForClose();
  });
  auto transport = Connect(server);
  EXPECT_EQ(CodeOf(transport->Send({.path = "/"}, 50ms)), ErrorCode::kDeadlineExceeded);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(transport->Send({.path = "/"}, 60s, stop.get_token())), ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST(CpprestSend, NobodyListens) {
  std::uint16_t port = 0;
  {
    ScriptedServer gone([](Connection&) {});
    port = gone.port();
  }
  ClusterConfig config;
  config.server = "http://127.0.0.1:" + std::to_string(port);
  auto transport = MakeTransport(config);
  ASSERT_TRUE(transport);
  EXPECT_EQ(CodeOf((*transport)->Send({.path = "/"}, 5s)), ErrorCode::kUnavailable);
}

TEST(CpprestSend, ANonIdempotentRequestIsNeverSentTwice) {
  // cpprestsdk resends on a reused connection that the server closed after doing the work.
  std::atomic<int> posts = 0;
  ScriptedServer server([&](Connection& connection) {
    while (auto request = connection.ReadRequest()) {
      if (request->starts_with("POST")) {
        ++posts;
        return;  // done, but closed before the answer
      }
      connection.Write(kOk);
    }
  });
  auto transport = Connect(server);
  ASSERT_TRUE(transport->Send({.path = "/"}, 5s));  // a connection for the pool
  const Request post{.method = "POST",
                     .path = "/",
                     .content_type = "application/json",
                     .body = "{}",
                     .idempotent = false};
  EXPECT_EQ(CodeOf(transport->Send(post, 5s)), ErrorCode::kUnavailable);
  EXPECT_EQ(posts, 1);
}

TEST(CpprestSend, RequestsShareAConnectionAndRecoverFromADeadOne) {
  std::atomic<int> answered = 0;
  ScriptedServer server([&](Connection& connection) {
    for (int i = 0; i < 3 && connection.ReadRequest(); ++i) {
      connection.Write(kOk);
      ++answered;
    }
  });
  auto transport = Connect(server);
  // A connection comes back to the pool a moment after its answer, and no request waits for it: on
  // a busy machine a few open one of their own.
  constexpr int kRequests = 90;
  for (int i = 0; i < kRequests; ++i) EXPECT_TRUE(transport->Send({.path = "/"}, 5s)) << i;
  EXPECT_EQ(answered, kRequests);
  EXPECT_LT(server.connections(), kRequests);
}

TEST(CpprestStream, LinesMayBeSplitAnywhere) {
  const std::string long_line(200'000, 'x');
  ScriptedServer server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Write(kChunkedHead);
    for (char c : std::string("{\"ü\":1}\n{\"b\":2}\r\n\n")) connection.Chunk({&c, 1});
    connection.Chunk("{}\n{}\n" + long_line.substr(0, 70'000));
    connection.Chunk(long_line.substr(70'000) + "\n");
    connection.Chunk("");
    connection.WaitForClose();
  });
  std::vector<std::string> lines;
  const auto head = Connect(server)->Stream({.path = "/"}, Collect(lines), {});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(lines, (std::vector<std::string>{"{\"ü\":1}", "{\"b\":2}", "{}", "{}", long_line}));
}

TEST(CpprestStream, ARefusalComesBackWithItsBody) {
  ScriptedServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 410 Gone\r\nContent-Length: 16\r\n\r\n{\"reason\":\"Gone\"");
  });
  std::vector<std::string> lines;
  const auto head = Connect(server)->Stream({.path = "/"}, Collect(lines), {});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 410);
  EXPECT_EQ(head->body, "{\"reason\":\"Gone\"");
}

TEST(CpprestStream, WhatCameBeforeABreakIsDelivered) {
  for (const bool reset : {true, false}) {
    std::latch read(1);
    ScriptedServer server([&](Connection& connection) {
      connection.ReadRequest();
      connection.Write(kChunkedHead);
      connection.Chunk("one\ntw");
      read.wait();
      if (reset) connection.Reset();
    });
    std::vector<std::string> lines;
    StreamHandlers handlers = Collect(lines);
    handlers.on_data = Lines([&](std::string_view line) {
      lines.emplace_back(line);
      read.count_down();
      return true;
    });
    EXPECT_EQ(CodeOf(Connect(server)->Stream({.path = "/"}, handlers, {})),
              ErrorCode::kUnavailable);
    EXPECT_EQ(lines, std::vector<std::string>{"one"}) << "half a line is no line";
  }
}

TEST(CpprestStream, SilenceIsNoticedAndAnyChunkBreaksIt) {
  ScriptedServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Write(kChunkedHead);
    // Longer than the idle deadline in sum, so much shorter each that a busy machine does not matter.
    for (int i = 0; i < 10; ++i) {
      connection.Chunk("x");
      std::this_thread::sleep_for(200ms);
    }
    connection.Chunk("\n");
    connection.WaitForClose();
  });
  std::vector<std::string> lines;
  EXPECT_EQ(CodeOf(Connect(server)->Stream({.path = "/"}, Collect(lines, 1800ms), {})),
            ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(lines, std::vector<std::string>{"xxxxxxxxxx"});
}

TEST(CpprestStream, StopsAtOnce) {
  std::latch streaming(1);
  ScriptedServer server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Write(kChunkedHead);
    connection.Chunk("one\n");
    connection.WaitForClose();
  });
  auto transport = Connect(server);
  std::stop_source stop;
  StreamHandlers handlers;
  handlers.on_data = [&](std::string_view) {
    streaming.count_down();
    return true;
  };
  handlers.idle_deadline = [] { return 1h; };
  std::jthread stopper([&] {
    streaming.wait();
    stop.request_stop();
  });
  EXPECT_EQ(CodeOf(transport->Stream({.path = "/"}, handlers, stop.get_token())),
            ErrorCode::kCancelled);
  handlers.on_data = [&](std::string_view) { return false; };
  EXPECT_TRUE(transport->Stream({.path = "/"}, handlers, {})) << "on_data had enough";
}

TEST(CpprestStream, RefusesWhatAProxyHoldsBack) {
  ScriptedServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}\n");
    connection.WaitForClose();
  });
  std::vector<std::string> lines;
  EXPECT_EQ(CodeOf(Connect(server)->Stream({.path = "/"}, Collect(lines), {})),
            ErrorCode::kUnavailable);
}

TEST(CpprestStream, ASlowReaderSlowsTheServerInsteadOfFillingMemory) {
  std::atomic<std::size_t> written = 0;
  std::latch blocked(1);
  ScriptedServer server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Write(kChunkedHead);
    const std::string chunk = std::string(65'535, 'x') + "\n";
    while (written < (256u << 20) && connection.Chunk(chunk)) written += chunk.size();
    blocked.count_down();
  });
  StreamHandlers handlers;
  handlers.on_data = [&](std::string_view) {
    blocked.wait();  // reads nothing until the server could not write for 2 s
    return false;
  };
  handlers.idle_deadline = [] { return 10s; };
  EXPECT_TRUE(Connect(server)->Stream({.path = "/"}, handlers, {}));
  EXPECT_LT(written, 32u << 20) << "what the kernel's buffers and ours hold";
}

class CpprestTls : public testing::Test {
 protected:
  static void Answer(Connection& connection) {
    while (connection.ReadRequest()) connection.Write(kOk);
  }
  TestCertificates good_ = MakeTestCertificates();
};

TEST_F(CpprestTls, TrustsExactlyTheGivenAuthority) {
  ScriptedServer server(Answer, &good_);
  ClusterConfig config;
  config.ca_pem = good_.ca_pem;
  EXPECT_EQ(Connect(server, config, "https")->Send({.path = "/"}, 5s)->status, 200);
  config.ca_pem = MakeTestCertificates().ca_pem;
  const auto refused = Connect(server, config, "https")->Send({.path = "/"}, 5s);
  EXPECT_EQ(CodeOf(refused), ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("unable to get local issuer certificate"),
            std::string::npos)
      << refused.error().message;
  config.insecure_skip_tls_verify = true;
  EXPECT_EQ(Connect(server, config, "https")->Send({.path = "/"}, 5s)->status, 200);
}

TEST_F(CpprestTls, ChecksTheNameInTheCertificate) {
  const TestCertificates other = MakeTestCertificates("kubernetes");
  ScriptedServer server(Answer, &other);
  ClusterConfig config;
  config.ca_pem = other.ca_pem;
  const auto refused = Connect(server, config, "https")->Send({.path = "/"}, 5s);
  EXPECT_EQ(CodeOf(refused), ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("not for this host"), std::string::npos)
      << refused.error().message;
  config.tls_server_name = "kubernetes";
  EXPECT_EQ(Connect(server, config, "https")->Send({.path = "/"}, 5s)->status, 200);
}

TEST_F(CpprestTls, RefusesWhatCannotWorkAtOnce) {
  ClusterConfig config;
  config.server = "https://127.0.0.1:1";
  config.ca_pem = "no certificate";
  EXPECT_EQ(MakeTransport(config).error().code, ErrorCode::kInvalidArgument);
  config.ca_pem = good_.ca_pem;
  config.client_certificate_pem = good_.certificate_pem;
  config.client_key_pem = MakeTestCertificates().key_pem;
  EXPECT_EQ(MakeTransport(config).error().code, ErrorCode::kInvalidArgument);
  config = {};
  config.server = "https://[::1]:6443";
  EXPECT_NE(MakeTransport(config).error().message.find("use a host name"), std::string::npos);
  config.server = "kubernetes:6443";
  EXPECT_EQ(MakeTransport(config).error().code, ErrorCode::kInvalidArgument);
}

TEST(CpprestProcess, HasAFewThreads) {
  PrepareProcess();
  const std::filesystem::directory_iterator threads("/proc/self/task");
  EXPECT_LE(std::distance(begin(threads), end(threads)), 10);
}

}  // namespace
}  // namespace sb::kube
