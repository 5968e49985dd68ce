#include "operator/kube/testing/faulty_transport.h"

#include <gtest/gtest.h>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_transport.h"
#include "operator/kube/testing/virtual_time.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;

constexpr char kOne[] = R"({"n":1})";
constexpr char kTwo[] = R"({"n":2})";

// What of a stream of two lines (16 bytes) arrives, with | between pieces, how it ends and how long
// it takes.
struct Outcome {
  std::string bytes;
  std::string end;
  Duration took{};
};

Outcome Stream(const Fault& fault, bool live = true, Duration patience = 10s) {
  VirtualTime time;
  FakeTransport server;
  if (live) {
    server.Play({kOne, kTwo});
  } else {
    server.Answer(200, std::string(kOne) + "\n" + kTwo + "\n");
  }
  FaultyTransport network(server, Script({fault}), time);
  Outcome outcome;
  StreamHandlers handlers;
  handlers.live = live;
  handlers.idle_deadline = [patience] { return patience; };
  handlers.on_data = [&](std::string_view bytes) {
    outcome.bytes += (outcome.bytes.empty() ? "" : "|") + std::string(bytes);
    return true;
  };
  const TimePoint begun = time.Now();
  const auto head = network.Stream({.path = "/x"}, handlers, {});
  outcome.end = head ? std::to_string(head->status) : ToString(head.error().code);
  outcome.took = time.Now() - begun;
  EXPECT_EQ(network.count(fault.kind), 1);
  return outcome;
}

std::string Joined(const Outcome& outcome) {
  std::string joined;
  for (char c : outcome.bytes) {
    if (c != '|') joined += c;
  }
  return joined;
}

TEST(FaultyTransport, LeavesAHealthyStreamAlone) {
  EXPECT_EQ(Stream({}).bytes, "{\"n\":1}\n|{\"n\":2}\n");
  EXPECT_EQ(Stream({}).end, "200");
}

TEST(FaultyTransport, WhatNeverOpens) {
  EXPECT_EQ(Stream({.kind = Kind::kRefuse}).end, "unavailable");
  const Outcome silent = Stream({.kind = Kind::kSilentOpen});
  EXPECT_EQ(silent.end, "deadline_exceeded");
  EXPECT_EQ(silent.took, StreamHandlers().open_deadline);
  EXPECT_EQ(Stream({.kind = Kind::kStatus, .status = 429}).end, "429");
}

TEST(FaultyTransport, CutsAtEveryByte) {
  const std::string all = Joined(Stream({}));
  for (std::size_t at = 0; at < all.size(); ++at) {
    const Outcome reset = Stream({.kind = Kind::kReset, .after_bytes = at});
    EXPECT_EQ(Joined(reset), all.substr(0, at));
    EXPECT_EQ(reset.end, "unavailable");
    const Outcome stalled = Stream({.kind = Kind::kStall, .after_bytes = at});
    EXPECT_EQ(Joined(stalled), all.substr(0, at));
    EXPECT_EQ(stalled.end, "deadline_exceeded");
    EXPECT_EQ(stalled.took, 10s);
    const Outcome half = Stream({.kind = Kind::kHalfLine, .after_bytes = at});
    EXPECT_EQ(half.end, "200") << "in good order";
    if (at + 1 < all.size()) {
      EXPECT_NE(Joined(half).back(), '\n') << at;
      EXPECT_GE(Joined(half).size(), at) << at;
    }
  }
}

TEST(FaultyTransport, PausesAndTricklesWithoutLosingAByte) {
  const std::string all = Joined(Stream({}));
  const Outcome paused = Stream({.kind = Kind::kPause, .after_bytes = 3, .pause = 7s});
  EXPECT_EQ(Joined(paused), all);
  EXPECT_EQ(paused.took, 7s);
  EXPECT_EQ(Stream({.kind = Kind::kPause, .after_bytes = 3, .pause = 70s}).end,
            "deadline_exceeded");
  const Outcome slow = Stream(
      {.kind = Kind::kTrickle, .after_bytes = 3, .trickle_bytes = 6, .piece = 2, .pause = 1s});
  EXPECT_EQ(Joined(slow), all);
  EXPECT_EQ(slow.took, 4s) << "one piece ends where the server's does";
}

TEST(FaultyTransport, PiecesHaveTheSizeAskedFor) {
  EXPECT_EQ(Stream({.piece = 3}).bytes, "{\"n|\":1|}\n|{\"n|\":2|}\n");
}

TEST(FaultyTransport, PutsGarbageBetweenLinesAndInPlaceOfLists) {
  EXPECT_EQ(Joined(Stream({.kind = Kind::kGarbage, .after_bytes = 3})),
            "{\"n\":1}\n<html>504 Gateway Timeout</html>\n{\"n\":2}\n");
  EXPECT_TRUE(
      Joined(Stream({.kind = Kind::kGarbage, .after_bytes = 3}, false)).starts_with("<html>"));
}

TEST(FaultyTransport, LosesALineIfToldTo) {
  EXPECT_EQ(Joined(Stream({.kind = Kind::kLoseLine})), "{\"n\":2}\n");
  EXPECT_EQ(Joined(Stream({.kind = Kind::kLoseLine, .after_bytes = 1})), "{\"n\":1}\n");
}

TEST(FaultyTransport, EndsBadlyAfterEverythingHasArrived) {
  const Outcome broken = Stream({.kind = Kind::kBrokenEnd});
  EXPECT_EQ(broken.end, "unavailable");
  EXPECT_EQ(Joined(broken).size(), 16u);
  const Outcome late = Stream({.kind = Kind::kLateEnd, .pause = 4s});
  EXPECT_EQ(late.end, "200");
  EXPECT_EQ(late.took, 4s);
  EXPECT_EQ(Stream({.kind = Kind::kLateEnd, .pause = 40s}).end, "deadline_exceeded");
}

TEST(FaultyTransport, WritesAreDoneOrNotAsTheFaultSays) {
  const struct {
    Fault fault;
    const char* answer;
    bool done;
  } kCases[] = {
      {{}, "201", true},
      {{.kind = Kind::kRefuse}, "unavailable", false},
      {{.kind = Kind::kReset}, "unavailable", false},
      {{.kind = Kind::kSilentOpen}, "deadline_exceeded", false},
      {{.kind = Kind::kStatus, .status = 500}, "500", false},
      {{.kind = Kind::kBrokenEnd}, "unavailable", true},
      {{.kind = Kind::kStall}, "deadline_exceeded", true},
  };
  for (const auto& each : kCases) {
    VirtualTime time;
    FakeApiServer server(time);
    FaultyTransport network(server, Script({each.fault}), time);
    const auto answer = network.Send({.method = "POST",
                                      .path = "/api/v1/namespaces/ns/pods",
                                      .content_type = "application/json",
                                      .body = R"({"metadata":{"name":"a"}})"},
                                     5s, {});
    EXPECT_EQ(answer ? std::to_string(answer->status) : ToString(answer.error().code), each.answer);
    EXPECT_EQ(server.ResourceVersion() != "1", each.done) << ToString(each.fault.kind);
  }
}

TEST(FaultScripts, TheSameSeedGivesTheSameFaults) {
  const auto draw = [](std::uint32_t seed) {
    const FaultScript script = RandomFaults(seed);
    std::string drawn;
    for (int i = 0; i < 200; ++i) {
      const Fault fault = script({.path = "/x", .query = {{"watch", "true"}}});
      drawn += std::string(ToString(fault.kind)) + std::to_string(fault.after_bytes) + " ";
    }
    return drawn;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
  for (int kind = 0; kind < kFaultKinds; ++kind) {
    const auto name = ToString(static_cast<Kind>(kind));
    EXPECT_EQ(draw(1).find(name) != std::string::npos, static_cast<Kind>(kind) != Kind::kLoseLine)
        << name;
  }
}

TEST(FaultScripts, CanBeAboutOneTarget) {
  const FaultScript script = Always("/pods", {.kind = Kind::kRefuse});
  EXPECT_EQ(script({.path = "/api/v1/pods"}).kind, Kind::kRefuse);
  EXPECT_EQ(script({.path = "/api/v1/services"}).kind, Kind::kNone);
}

}  // namespace
}  // namespace sb::kube
