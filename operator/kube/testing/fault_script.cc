#include "operator/kube/testing/fault_script.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "common/json.h"
#include "operator/kube/testing/dice.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;

// In per cent; the rest is kNone. Pages of a list are small and many, so they are spared.
struct Weight {
  Kind kind;
  double of_watches;
  double of_lists;
  double of_others;
};
constexpr Weight kWeights[] = {
    {Kind::kRefuse, 4, 1, 5},  {Kind::kSilentOpen, 1, 0.5, 2}, {Kind::kStatus, 8, 2, 8},
    {Kind::kReset, 25, 2, 5},  {Kind::kStall, 2, 0.5, 3},      {Kind::kPause, 6, 2, 0},
    {Kind::kTrickle, 9, 2, 0}, {Kind::kHalfLine, 11, 2, 0},    {Kind::kGarbage, 4, 1, 0},
    {Kind::kLateEnd, 3, 1, 0}, {Kind::kBrokenEnd, 9, 1, 5},
};

double ShareOf(const Weight& weight, const Request& request) {
  if (request.method != "GET") return weight.of_others;
  const bool watch = std::any_of(request.query.begin(), request.query.end(),
                                 [](const auto& parameter) { return parameter.first == "watch"; });
  return watch ? weight.of_watches : weight.of_lists;
}

}  // namespace

std::string_view ToString(Fault::Kind kind) {
  static constexpr std::string_view kNames[kFaultKinds] = {
      "none",    "refuse",    "silent open", "status",     "reset",    "stall",    "pause",
      "trickle", "half line", "garbage",     "broken end", "late end", "lose line"};
  return kNames[static_cast<int>(kind)];
}

FaultScript Script(std::vector<Fault> faults) {
  auto next = std::make_shared<std::size_t>(0);
  return [next, faults = std::move(faults)](const Request&) {
    return *next < faults.size() ? faults[(*next)++] : Fault{};
  };
}

FaultScript Always(std::string_view part, Fault fault) {
  return [part = std::string(part), fault](const Request& request) {
    return Target(request).find(part) == std::string::npos ? Fault{} : fault;
  };
}

FaultScript RandomFaults(std::uint32_t seed) {
  auto dice = std::make_shared<Dice>(seed);
  return [dice](const Request& request) {
    Fault fault;
    double at = dice->Unit() * 100;
    for (const Weight& weight : kWeights) {
      const double share = ShareOf(weight, request);
      if (at < share) {
        fault.kind = weight.kind;
        break;
      }
      at -= share;
    }
    fault.status = dice->One({429, 429, 500, 502, 503, 504});
    fault.retry_after_s = fault.status == 429 ? dice->Below(4) : 0;
    // Small answers are cut as often as long streams.
    fault.after_bytes =
        static_cast<std::size_t>(dice->Around(dice->One({500.0, 20'000.0, 200'000.0})));
    fault.trickle_bytes = static_cast<std::size_t>(dice->Below(400));
    fault.piece = static_cast<std::size_t>(dice->One({0, 0, 0, 37, 501, 4'093}));
    fault.pause = dice->One<Duration>({1ms, 40ms, 900ms, 900ms, 10s, 100s});
    if (fault.kind == Kind::kTrickle) {
      fault.piece = static_cast<std::size_t>(1 + dice->Below(8));
      fault.pause = std::chrono::milliseconds(dice->Below(60));
    }
    return fault;
  };
}

Response AnswerOf(const Fault& fault) {
  Response answer{fault.status, {{"Content-Type", "application/json"}}, ""};
  if (fault.status == 502) {  // a proxy's
    answer.body = "<html><body>Bad Gateway</body></html>";
    return answer;
  }
  Json status{{"kind", "Status"}, {"code", fault.status}, {"message", "scripted fault"}};
  if (fault.status == 429) status["reason"] = "TooManyRequests";
  if (fault.retry_after_s > 0) {
    answer.headers["Retry-After"] = std::to_string(fault.retry_after_s);
    status["details"] = {{"retryAfterSeconds", fault.retry_after_s}};
  }
  answer.body = status.dump();
  return answer;
}

}  // namespace sb::kube
