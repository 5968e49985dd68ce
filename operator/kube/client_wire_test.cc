// Client and transport against a server behind real sockets: bytes cut anywhere, writes that end
// badly, and how much of a long answer is held.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "operator/kube/object_decoder.h"
#include "operator/kube/wire_fixture.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;
using Connection = ScriptedServer::Connection;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST(ClientWire, AnEventMayBeSplitAtEveryByte) {
  FakeApiServer server;
  server.Put(Pods(), WirePod("a", "ü€𝄞\n\"\\"));
  std::size_t at = 0;
  FaultyTransport network(
      server,
      [&](const Request&) { return Fault{.kind = Kind::kPause, .after_bytes = at, .pause = 1ms}; },
      SystemClock());
  FakeHttpServer http(network);
  const auto transport = ConnectTo(http.url());
  const Client client(*transport);
  std::string expected;
  const auto watch = [&] {
    std::string line;
    bool answered = false;
    const auto ended = client.Watch(Pods(), {.resource_version = "1"},
                                    {.on_line =
                                         [&](std::string_view bytes) {
                                           line = bytes;
                                           return false;
                                         },
                                     .idle_deadline = [] { return 5s; }},
                                    answered, {});
    EXPECT_TRUE(ended) << ended.error().message;
    return line;
  };
  at = 100'000;  // whole
  expected = watch();
  ASSERT_GT(expected.size(), 100u);
  ASSERT_EQ(Json::parse(expected)["object"]["spec"]["text"], "ü€𝄞\n\"\\");
  for (at = 0; at <= expected.size(); ++at) {
    ASSERT_EQ(watch(), expected) << "split after byte " << at;
  }
}

TEST(ClientWire, ASlowHandshakeIsNotWaitedForTooLong) {
  const TestCertificates certificates = MakeTestCertificates();
  FakeApiServer server;
  server.Put(Pods(), WirePod("a"));
  FakeHttpServer http(server, {.tls = &certificates});
  ClusterConfig config;
  config.ca_pem = certificates.ca_pem;
  const auto transport = ConnectTo(http.url(), config);
  const Client impatient(*transport, {.deadline = 200ms});
  const Client client(*transport);
  http.SetHandshakeDelay(1min);
  const auto late = impatient.Get(Pods(), {"ns", "a"});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded) << late.error().message;
  http.SetHandshakeDelay(20ms);
  const auto answer = client.Get(Pods(), {"ns", "a"});
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST(ClientWire, AWriteIsDoneOnceOrNotAtAllHoweverItEnds) {
  const struct {
    Fault fault;
    ErrorCode code;
    bool done;
  } kCases[] = {
      {{.kind = Kind::kReset}, ErrorCode::kUnavailable, false},
      {{.kind = Kind::kBrokenEnd}, ErrorCode::kUnavailable, true},
      {{.kind = Kind::kSilentOpen}, ErrorCode::kDeadlineExceeded, false},
      {{.kind = Kind::kStall}, ErrorCode::kDeadlineExceeded, true},
      {{.kind = Kind::kStatus, .status = 429, .retry_after_s = 3},
       ErrorCode::kTooManyRequests,
       false},
  };
  for (const auto& each : kCases) {
    FakeApiServer server;
    FaultyTransport network(server, Script({{}, each.fault}), SystemClock());
    FakeHttpServer http(network);
    const auto transport = ConnectTo(http.url());
    const Client client(*transport, {.deadline = 1s});
    // A connection for the pool.
    ASSERT_EQ(client.Get(Pods(), {"ns", "a"}).error().code, ErrorCode::kNotFound);
    const auto answer = client.Create(Pods(), WirePod("a"), "me");
    ASSERT_FALSE(answer) << ToString(each.fault.kind);
    EXPECT_EQ(answer.error().code, each.code) << answer.error().message;
    EXPECT_EQ(answer.error().retry_after_ms, each.fault.retry_after_s * 1'000);
    int posts = 0;
    for (const auto& recorded : server.requests()) posts += recorded.request.method == "POST";
    EXPECT_EQ(posts, each.done ? 1 : 0) << ToString(each.fault.kind);
    EXPECT_EQ(server.Get(Pods(), {"ns", "a"}).has_value(), each.done);
  }
}

long PeakKb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long kb = 0;
    if (word == "VmHWM:" && status >> kb) return kb;
  }
  return 0;
}
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

TEST(ClientWire, AListOfFiftyMegabytesTakesTheMemoryOfAnItem) {
  constexpr int kItems = 500;
  constexpr std::size_t kItemBytes = 100'000;
  std::atomic<long> written = 0;
  ScriptedServer server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Write(kChunkedHead);
    connection.Chunk(R"({"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[)");
    for (int i = 0; i < kItems; ++i) {
      const std::string item =
          (i > 0 ? ",{\"metadata\":{\"name\":\"p" : "{\"metadata\":{\"name\":\"p") +
          std::to_string(i) + "\"},\"x\":\"" + std::string(kItemBytes, 'x') + "\"}";
      if (!connection.Chunk(item)) return;
      written += static_cast<long>(item.size());
    }
    connection.Chunk("]}");
    connection.Chunk("");
    connection.WaitForClose();
  });
  const auto transport = ConnectTo("http://127.0.0.1:" + std::to_string(server.port()));
  const Client client(*transport);
  ForgetPeak();
  const long before = PeakKb();
  long read = 0, most_between = 0;
  int items = 0;
  const auto end = client.List(Pods(), {}, [&](std::string_view item) -> Expected<void> {
    read += static_cast<long>(item.size());
    most_between = std::max(most_between, written - read);
    ++items;
    return {};
  });
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(items, kItems);
  EXPECT_EQ(end->resource_version, "7");
  // What sockets and buffers hold; a list that is held whole would be 50 MB.
  EXPECT_LT(most_between, 16 << 20);
  if (!kSanitized) {
    EXPECT_LT(PeakKb() - before, 24 << 10) << "kB";
  }
}

TEST(ClientWire, ASlowReaderHoldsTheServerBackAndLosesNothing) {
  constexpr int kEvents = 4'000;
  const std::string padding(16'000, 'x');  // 64 MB in all
  std::atomic<long> written = 0;
  ScriptedServer server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Write(kChunkedHead);
    for (int i = 1; i <= kEvents; ++i) {
      const std::string line =
          R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":")" +
          std::to_string(i) + R"("},"x":")" + padding + "\"}}\n";
      if (!connection.Chunk(line)) return;
      written += static_cast<long>(line.size());
    }
    connection.Chunk("");
    connection.WaitForClose();
  });
  const auto transport = ConnectTo("http://127.0.0.1:" + std::to_string(server.port()));
  const Client client(*transport);
  ObjectDecoder decoder(Pods(), WithoutNoise());
  ForgetPeak();
  const long before = PeakKb();
  long read = 0, most_between = 0;
  int events = 0;
  bool answered = false;
  const auto ended = client.Watch(
      Pods(), {.resource_version = "1"},
      {.on_line =
           [&](std::string_view line) {
             read += static_cast<long>(line.size());
             most_between = std::max(most_between, written - read);
             ++events;
             const auto event = decoder.ParseEvent(line);
             EXPECT_TRUE(event && *event &&
                         (*event)->identity.resource_version == std::to_string(events));
             // Slower than the server by far, never so slow that it gives up.
             if (events < 400) std::this_thread::sleep_for(5ms);
             return true;
           },
       .idle_deadline = [] { return 5s; }},
      answered, {});
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(events, kEvents);
  EXPECT_LT(most_between, 16 << 20);
  if (!kSanitized) {
    EXPECT_LT(PeakKb() - before, 24 << 10) << "kB";
  }
}

}  // namespace
}  // namespace sb::kube
