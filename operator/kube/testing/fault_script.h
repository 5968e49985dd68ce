// What goes wrong with a connection, said once for every place that can do it: FaultyTransport does
// it to bytes on virtual time, FakeHttpServer to real sockets.
//
//   FaultyTransport network(server, RandomFaults(seed), time);
//   FaultyTransport network(server, Script({{.kind = Fault::Kind::kReset, .after_bytes = 7}}),
//   time);
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "common/time.h"
#include "operator/kube/transport.h"

namespace sb::kube {

struct Fault {
  enum class Kind {
    kNone,
    kRefuse,      // nobody listens
    kSilentOpen,  // connected, and then no answer at all
    kStatus,      // `status` (with Retry-After), and nothing is done
    kReset,       // after after_bytes of the body, in whatever place; of a write: before it is done
    kStall,       // after after_bytes nothing comes any more; of a write: it is done, and not
                  // answered
    kPause,       // after after_bytes nothing comes for `pause`, then it goes on
    kTrickle,     // from after_bytes on, so many bytes come one `piece` each `pause`
    kHalfLine,    // ends, in good order, after after_bytes in the middle of a line
    kGarbage,     // at the next line after after_bytes comes one that is no JSON; a list is none
    kBrokenEnd,   // everything arrives, but its end is a reset; of a write: it is done
    kLateEnd,     // the end is noticed only `pause` later
    kLoseLine,    // the next line after after_bytes is missing. No network does that: it is for
                  // tests of whatever must notice
  };
  Kind kind = Kind::kNone;
  int status = 503;
  int retry_after_s = 0;
  std::size_t after_bytes = 0;
  std::size_t trickle_bytes = 0;
  std::size_t piece = 0;  // > 0: bytes arrive in pieces of that many, whatever else happens
  Duration pause = std::chrono::seconds(1);
};
inline constexpr int kFaultKinds = static_cast<int>(Fault::Kind::kLoseLine) + 1;

std::string_view ToString(Fault::Kind kind);

// Asked once a request, lists and watches included, before the server sees it.
using FaultScript = std::function<Fault(const Request& request)>;

// These one after the other, then none.
FaultScript Script(std::vector<Fault> faults);
// `fault` for each request whose target contains `part`, none for others.
FaultScript Always(std::string_view part, Fault fault);
// Everything but kLoseLine, at random. The same seed gives the same faults to the same requests.
FaultScript RandomFaults(std::uint32_t seed);

// The answer that kStatus stands for.
Response AnswerOf(const Fault& fault);

}  // namespace sb::kube
