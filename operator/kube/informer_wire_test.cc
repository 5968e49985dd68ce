// Informer, client and transport against an API server behind real sockets: what a cluster's
// network and its certificates do to them.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "common/testing/fake_clock.h"
#include "operator/kube/testing/dice.h"
#include "operator/kube/testing/temporary_files.h"
#include "operator/kube/wire_fixture.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;

TEST(InformerWire, CharactersMayBeSplitOverChunksAndPackets) {
  FakeApiServer server;
  for (int i = 0; i < 5; ++i) server.Put(Pods(), WirePod("p" + std::to_string(i), "ü€𝄞"));
  FaultyTransport network(server, Always("", {.piece = 1}), SystemClock());
  FakeHttpServer http(network, {.packet = 1});
  const auto transport = ConnectTo(http.url());
  Follower follower(*transport);
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  server.Put(Pods(), WirePod("p1", "𝄞ü€"));
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  EXPECT_EQ(follower.informer().store().Get({"ns", "p1"})->At({"spec", "text"}).String(), "𝄞ü€");
  EXPECT_EQ(follower.informer().store().Get({"ns", "p0"})->At({"spec", "text"}).String(), "ü€𝄞");
}

// Each fault strikes one of several requests, wherever in the answer, over and over.
class InformerWireFault : public testing::TestWithParam<Fault> {};

TEST_P(InformerWireFault, IsSurvived) {
  FakeApiServer server;
  for (int i = 0; i < 20; ++i) server.Put(Pods(), WirePod("p" + std::to_string(i)));
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
  const auto transport = ConnectTo(http.url());
  Follower follower(*transport);
  for (int i = 0; i < 30; ++i) {
    const std::string name = "p" + std::to_string(i);
    server.Put(Pods(), WirePod(name, "changed"));
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
  for (int i = 0; i < 50; ++i) server.Put(Pods(), WirePod("p" + std::to_string(i)));
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
  const auto transport = ConnectTo(http.url());
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
  const auto transport = ConnectTo(http->url());
  Follower follower(*transport);
  std::atomic<bool> writing = true;
  std::jthread writer([&] {
    for (int i = 0; writing; ++i) {
      server.Put(Pods(), WirePod("p" + std::to_string(i % 40), std::to_string(i)));
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
  const auto transport = ConnectTo(http.url(), config, clock);
  InformerOptions options;
  Follower follower(*transport, options);
  server.Put(Pods(), WirePod("a"));
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();

  ASSERT_TRUE(follower.Eventually([&] { return server.open_watches() == 1; }));
  // The server gets its new certificate: open watches do not care.
  http.UseTls(new_ones);
  server.Put(Pods(), WirePod("b"));
  ASSERT_TRUE(follower.Follows(server)) << follower.last_error();
  // New connections do.
  http.ResetConnections();
  server.Put(Pods(), WirePod("c"));
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

}  // namespace
}  // namespace sb::kube
