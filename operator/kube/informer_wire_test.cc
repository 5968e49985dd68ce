// Informer, client and transport against an API server behind real sockets: what a cluster's
// network and its certificates do to them.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "operator/kube/client.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/informer.h"
#include "operator/kube/testing/dice.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_clock.h"
#include "operator/kube/testing/fake_http_server.h"
#include "operator/kube/testing/faulty_transport.h"
#include "operator/kube/testing/temporary_files.h"

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

Json Pod(const std::string& name, const std::string& text = "x") {
  return {{"metadata", {{"name", name}, {"namespace", "ns"}}}, {"spec", {{"text", text}}}};
}

std::unique_ptr<Transport> Connect(const std::string& url, ClusterConfig config = {},
                                   const Clock& clock = SystemClock()) {
  config.server = url;
  auto transport = MakeTransport(config, clock);
  if (!transport) {
    ADD_FAILURE() << transport.error().message;
    std::abort();
  }
  return std::move(*transport);
}

// An informer that waits for nothing longer than a test may.
class Follower {
 public:
  Follower(Transport& transport, InformerOptions options = {}) : client_(transport, Quick()) {
    options.resource = Pods();
    options.watcher.backoff = {.base = 1ms, .factor = 1.5, .cap = 50ms, .jitter = 0.5};
    options.watcher.very_short_watch = 0ms;
    options.watcher.idle_after_bookmark = 400ms;
    options.watcher.watch_timeout_min_s = options.watcher.watch_timeout_max_s = 1;
    options.watcher.idle_beyond_timeout = -600ms;
    options.observer = [this, also = options.observer](const WatchNote& note) {
      if (also) also(note);
      std::lock_guard lock(notes_mutex_);
      ++notes_[note.kind];
      if (note.error) last_error_ = note.error->message;
      noted_.notify_all();
    };
    informer_ = std::make_unique<Informer>(client_, std::move(options), nullptr);
    informer_->Start();
  }

  static ClientOptions Quick() { return {.deadline = 500ms}; }

  template <typename Predicate>
  bool Eventually(Predicate done) {
    std::unique_lock lock(notes_mutex_);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      noted_.wait_for(lock, 5ms);
    }
    return true;
  }
  bool Follows(FakeApiServer& server) {
    return Eventually([&] { return Cached() == Served(server); });
  }
  int count(WatchNote::Kind kind) {
    std::lock_guard lock(notes_mutex_);
    return notes_[kind];
  }
  std::string last_error() {
    std::lock_guard lock(notes_mutex_);
    return last_error_;
  }
  Informer& informer() { return *informer_; }

 private:
  std::map<ObjectKey, std::string> Cached() const {
    std::map<ObjectKey, std::string> cached;
    for (const ObjectPtr& object : informer_->store().List()) {
      cached[object->key()] = object->resource_version();
    }
    return cached;
  }
  static std::map<ObjectKey, std::string> Served(FakeApiServer& server) {
    std::map<ObjectKey, std::string> served;
    for (const Json& object : server.List(Pods())) {
      served[KeyOf(object)] = ResourceVersionOf(object);
    }
    return served;
  }

  Client client_;
  std::mutex notes_mutex_;
  std::condition_variable noted_;
  std::map<WatchNote::Kind, int> notes_;
  std::string last_error_;
  std::unique_ptr<Informer> informer_;
};

TEST(InformerWire, AnEventMayBeSplitAtEveryByte) {
  FakeApiServer server;
  server.Put(Pods(), Pod("a", "ü€𝄞\n\"\\"));
  std::size_t at = 0;
  FaultyTransport network(
      server,
      [&](const Request&) { return Fault{.kind = Kind::kPause, .after_bytes = at, .pause = 1ms}; },
      SystemClock());
  FakeHttpServer http(network);
  const auto transport = Connect(http.url());
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

TEST(InformerWire, CharactersMayBeSplitOverChunksAndPackets) {
  FakeApiServer server;
  for (int i = 0; i < 5; ++i) server.Put(Pods(), Pod("p" + std::to_string(i), "ü€𝄞"));
  FaultyTransport network(server, Always("", {.piece = 1}), SystemClock());
  FakeHttpServer http(network, {.packet = 1});
  const auto transport = Connect(http.url());
  Follower follower(*transport);
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  server.Put(Pods(), Pod("p1", "𝄞ü€"));
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  EXPECT_EQ(follower.informer().store().Get({"ns", "p1"})->At({"spec", "text"}).String(), "𝄞ü€");
  EXPECT_EQ(follower.informer().store().Get({"ns", "p0"})->At({"spec", "text"}).String(), "ü€𝄞");
}

// Each fault strikes one of several requests, wherever in the answer, over and over.
class InformerWireFault : public testing::TestWithParam<Fault> {};

TEST_P(InformerWireFault, IsSurvived) {
  FakeApiServer server;
  for (int i = 0; i < 20; ++i) server.Put(Pods(), Pod("p" + std::to_string(i)));
  std::atomic<bool> calm = false;
  std::mutex dice_mutex;
  Dice dice(7);
  FaultyTransport network(
      server,
      [&](const Request&) {
        std::lock_guard lock(dice_mutex);
        if (calm || dice.Chance(0.4)) return Fault{};
        Fault fault = GetParam();
        fault.after_bytes = static_cast<std::size_t>(dice.Below(1'500));
        return fault;
      },
      SystemClock());
  FakeHttpServer http(network);
  const auto transport = Connect(http.url());
  Follower follower(*transport);
  for (int i = 0; i < 30; ++i) {
    const std::string name = "p" + std::to_string(i);
    server.Put(Pods(), Pod(name, "changed"));
    server.Remove(Pods(), {"ns", "p" + std::to_string(i * 7 % 30)});
    if (i % 10 == 9) {
      ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
    }
    if (i == 20) server.Compact(true);
  }
  calm = true;
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  EXPECT_GT(network.count(GetParam().kind), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, InformerWireFault,
    testing::Values(Fault{.kind = Kind::kRefuse}, Fault{.kind = Kind::kSilentOpen},
                    Fault{.kind = Kind::kStatus, .status = 429},
                    Fault{.kind = Kind::kStatus, .status = 503}, Fault{.kind = Kind::kReset},
                    Fault{.kind = Kind::kStall}, Fault{.kind = Kind::kPause, .pause = 30ms},
                    Fault{.kind = Kind::kTrickle, .trickle_bytes = 200, .piece = 7, .pause = 1ms},
                    Fault{.kind = Kind::kHalfLine}, Fault{.kind = Kind::kGarbage},
                    Fault{.kind = Kind::kBrokenEnd}, Fault{.kind = Kind::kLateEnd, .pause = 50ms}),
    [](const auto& fault) {
      std::string name(ToString(fault.param.kind));
      std::erase(name, ' ');
      return fault.param.kind == Kind::kStatus ? name + std::to_string(fault.param.status) : name;
    });

TEST(InformerWire, AListCutInTheMiddleChangesNothing) {
  FakeApiServer server;
  for (int i = 0; i < 50; ++i) server.Put(Pods(), Pod("p" + std::to_string(i)));
  const std::size_t whole = server.Send({.path = "/api/v1/pods"}, 1s, {})->body.size();
  std::atomic<bool> cut = false;
  std::atomic<int> cuts = 0;
  FaultyTransport network(
      server,
      [&](const Request& request) -> Fault {
        const bool list = Target(request).find("watch=") == std::string::npos &&
                          Target(request).find("limit=1") == std::string::npos;
        if (!cut || !list || cuts >= 9) return {};
        // At the beginning, in the middle of an item, between the last two bytes.
        const std::size_t places[] = {0, whole / 2, whole - 2};
        const Kind kinds[] = {Kind::kReset, Kind::kHalfLine, Kind::kStall};
        const int i = cuts++;
        return {.kind = kinds[i / 3], .after_bytes = places[i % 3]};
      },
      SystemClock());
  FakeHttpServer http(network);
  const auto transport = Connect(http.url());
  InformerOptions options;
  const Store* store = nullptr;
  std::atomic<int> partial = 0;
  options.observer = [&](const WatchNote& note) {
    if (cut && note.kind == WatchNote::Kind::kFailed && store->size() != 50) ++partial;
  };
  Follower follower(*transport, options);
  store = &follower.informer().store();
  ASSERT_TRUE(follower.Follows(server));
  ASSERT_TRUE(follower.Eventually([&] { return server.open_watches() == 1; }));
  cut = true;
  server.Compact(true);  // forces a list
  ASSERT_TRUE(follower.Eventually([&] { return cuts == 9; })) << cuts;
  ASSERT_TRUE(follower.Follows(server));
  EXPECT_EQ(partial, 0) << "a list that did not arrive whole was shown";
}

TEST(InformerWire, AnApiServerThatIsKilledAndStartedAgainIsFollowed) {
  FakeApiServer server;
  auto http = std::make_unique<FakeHttpServer>(server);
  const std::uint16_t port = http->port();
  const auto transport = Connect(http->url());
  Follower follower(*transport);
  std::atomic<bool> writing = true;
  std::jthread writer([&] {
    for (int i = 0; writing; ++i) {
      server.Put(Pods(), Pod("p" + std::to_string(i % 40), std::to_string(i)));
      if (i % 5 == 0) server.Remove(Pods(), {"ns", "p" + std::to_string(i * 3 % 40)});
      std::this_thread::sleep_for(1ms);
    }
  });
  for (int kill = 0; kill < 8; ++kill) {
    const int opened = follower.count(WatchNote::Kind::kOpened);
    EXPECT_TRUE(follower.Eventually([&] { return follower.informer().Synced(); }));
    http.reset();
    server.Restart();
    http = std::make_unique<FakeHttpServer>(server, FakeHttpServer::Options{.port = port});
    while (follower.count(WatchNote::Kind::kOpened) <= opened) std::this_thread::sleep_for(1ms);
  }
  writing = false;
  writer.join();
  EXPECT_TRUE(follower.Follows(server)) << follower.last_error();
}

TEST(InformerWire, CertificatesAndAuthoritiesRotateDuringAWatch) {
  const TestCertificates old_ones = MakeTestCertificates();
  const TestCertificates new_ones = MakeTestCertificates();
  FakeApiServer server;
  FakeHttpServer http(server, {.tls = &old_ones});
  const TemporaryFile ca(old_ones.ca_pem);
  ClusterConfig config;
  config.ca_file = ca.path();
  FakeClock clock;  // when the file is looked at again
  const auto transport = Connect(http.url(), config, clock);
  InformerOptions options;
  Follower follower(*transport, options);
  server.Put(Pods(), Pod("a"));
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();

  ASSERT_TRUE(follower.Eventually([&] { return server.open_watches() == 1; }));
  // The server gets its new certificate: open watches do not care.
  http.UseTls(new_ones);
  server.Put(Pods(), Pod("b"));
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  // New connections do.
  http.ResetConnections();
  server.Put(Pods(), Pod("c"));
  ASSERT_TRUE(follower.Eventually([&] {
    const auto error = follower.informer().LastError();
    return error && error->message.find("certificate") != std::string::npos;
  })) << follower.last_error();
  // The authority follows, first half written, then next to the old one.
  ca.Write(new_ones.ca_pem.substr(0, 100));
  clock.Advance(10min);
  ca.Write(old_ones.ca_pem + new_ones.ca_pem);
  clock.Advance(10min);
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  EXPECT_EQ(follower.count(WatchNote::Kind::kListed), 1) << "nothing was lost: no list again";
}

TEST(InformerWire, ASlowHandshakeIsNotWaitedForTooLong) {
  const TestCertificates certificates = MakeTestCertificates();
  FakeApiServer server;
  server.Put(Pods(), Pod("a"));
  FakeHttpServer http(server, {.tls = &certificates});
  ClusterConfig config;
  config.ca_pem = certificates.ca_pem;
  const auto transport = Connect(http.url(), config);
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

TEST(InformerWire, AWriteIsDoneOnceOrNotAtAllHoweverItEnds) {
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
    const auto transport = Connect(http.url());
    const Client client(*transport, {.deadline = 1s});
    // A connection for the pool.
    ASSERT_EQ(client.Get(Pods(), {"ns", "a"}).error().code, ErrorCode::kNotFound);
    const auto answer = client.Create(Pods(), Pod("a"), "me");
    ASSERT_FALSE(answer) << ToString(each.fault.kind);
    EXPECT_EQ(answer.error().code, each.code) << answer.error().message;
    EXPECT_EQ(answer.error().retry_after_ms, each.fault.retry_after_s * 1'000);
    int posts = 0;
    for (const auto& recorded : server.requests()) posts += recorded.request.method == "POST";
    EXPECT_EQ(posts, each.done ? 1 : 0) << ToString(each.fault.kind);
    EXPECT_EQ(server.Get(Pods(), {"ns", "a"}).has_value(), each.done);
  }
}

// ---- Memory ----

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

TEST(InformerWire, AListOfFiftyMegabytesTakesTheMemoryOfAnItem) {
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
  const auto transport = Connect("http://127.0.0.1:" + std::to_string(server.port()));
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

TEST(InformerWire, ASlowReaderHoldsTheServerBackAndLosesNothing) {
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
  const auto transport = Connect("http://127.0.0.1:" + std::to_string(server.port()));
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
