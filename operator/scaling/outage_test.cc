// Hours of every wrong answer in virtual time: through the parser, the sampler and the decision, as
// the Direct engine puts them together; and what the metrics API would tell the HPA meanwhile.
// Whoever fails here scales in during an outage of the monitoring. (The same against a real cluster
// is e2e/chaos/run prometheus.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
#include "operator/scaling/decision.h"
#include "operator/scaling/sampler.h"
#include "operator/scaling/stand_in.h"

namespace sb::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kTick{2};

std::string Vector(const std::string& value, WallTime at, int series = 1) {
  std::string result;
  for (int i = 0; i < series; ++i) {
    result += std::string(i > 0 ? "," : "") + R"({"metric":{"pod":")" + std::to_string(i) +
              R"("},"value":[)" + std::to_string(at.time_since_epoch() / seconds(1)) + ",\"" +
              value + "\"]}";
  }
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + result + "]}}";
}

using Answer = std::function<Expected<promql::InstantVector>(WallTime now)>;

Answer Http(int status, const std::string& body) {
  return [=](WallTime) { return promql::ParseAnswer(status, body, "http://p"); };
}
Answer Number(const std::string& value, int series = 1, seconds age = seconds(0)) {
  return [=](WallTime now) {
    return promql::ParseAnswer(200, Vector(value, now - age, series), "http://p");
  };
}
Answer Silence(ErrorCode code) {
  return
      [=](WallTime) -> Expected<promql::InstantVector> { return Fail(code, "http://p: silent"); };
}

struct Fault {
  const char* name;
  Answer answer;
};

// The truth in all of them is one pod's worth.
std::vector<Fault> Faults() {
  return {
      {"refused", Silence(ErrorCode::kUnavailable)},
      {"slow", Silence(ErrorCode::kDeadlineExceeded)},
      {"empty", Number("", 0)},
      {"NaN", Number("NaN")},
      {"+Inf", Number("+Inf")},
      {"-Inf", Number("-Inf")},
      {"negative", Number("-100")},
      {"several", Number("100", 2)},
      {"several zeros", Number("0", 3)},
      {"one hour old", Number("100", 1, hours(1))},
      {"six minutes old", Number("100", 1, minutes(6))},
      {"beyond a quantity", Number("1e300")},
      {"500", Http(500, "oops")},
      {"502", Http(502, "<html>bad gateway</html>")},
      {"503", Http(503, R"({"status":"error","errorType":"timeout","error":"too slow"})")},
      {"429", Http(429, "slow down")},
      {"401", Http(401, "")},
      {"404", Http(404, "404 page not found")},
      {"400", Http(400, R"({"status":"error","errorType":"bad_data","error":"parse error"})")},
      {"302", Http(302, "")},
      {"login page", Http(200, "<html>100 users</html>")},
      {"nothing", Http(200, "")},
      {"half", Http(200, Vector("100", *ParseTime("2026-11-24T00:00:00Z")).substr(0, 80))},
      {"null", Http(200, R"({"status":"success","data":{"resultType":"vector","result":null}})")},
      {"no value",
       Http(200, R"({"status":"success","data":{"resultType":"vector","result":[{}]}})")},
      {"a number as number",
       Http(200,
            R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,0]}]}})")},
      {"a string",
       Http(200, R"({"status":"success","data":{"resultType":"string","result":[1,"0"]}})")},
  };
}

// One workload of the Direct engine, one of the HPA, and their shared sampler.
class World {
 public:
  World()
      : sampler_([this](const auto&, Duration) { return answer(clock.WallNow()); }, clock,
                 {.threads = 0}) {
    policy.max_replicas = 20;
    policy.metrics = {{.name = "load", .target = 100}};
    policy.behavior.down.window = seconds(10);
    sampler_.SetWanted(id_.backend, {{id_, "http://p", "load", kTick}});
  }

  // Two seconds later; what the Direct engine decided.
  const Decision& Tick() {
    clock.Advance(kTick);
    while (sampler_.PollOne()) {
    }
    const auto sample = sampler_.Latest(id_);
    Situation situation{.current = replicas, .ready = replicas};
    situation.readings = {{sample.value_or(Sample{})}};
    Outcome outcome = Decide(policy, situation, std::move(history_), clock.WallNow());
    history_ = std::move(outcome.history);
    history_.NoteChange(replicas, outcome.decision.replicas, clock.WallNow());
    replicas = outcome.decision.replicas;
    decision_ = std::move(outcome.decision);
    return decision_;
  }
  void RestartOperator() { history_ = History::Begin(clock.WallNow()); }

  // What the HPA would hear.
  Sample ForTheHpa() {
    return stand_in_.Replace(id_, *sampler_.Current(id_, seconds(1), clock.Now() + seconds(2)),
                             clock.WallNow());
  }
  void GiveHpaAFallback(const api::Fallback& fallback) {
    api::Autoscaling autoscaling{.fallback = fallback};
    autoscaling.metrics = {{.name = "load", .target = {.quantity = *api::Quantity::Parse("100")}}};
    stand_in_.SetWanted(id_.backend, {{"api", autoscaling}});
  }

  FakeClock clock{*ParseTime("2026-11-24T00:00:00Z")};
  Answer answer = Number("400");
  Policy policy;
  int replicas = 1;

 private:
  const MetricId id_{{"default", "todo"}, "api", "load"};
  Sampler sampler_;
  StandIn stand_in_{[this](const BackendKey&, const std::string&) {
    return StandIn::Counts{replicas, replicas};
  }};
  History history_ = History::Begin(clock.WallNow() - hours(1));
  Decision decision_;
};

TEST(Outage, HoursOfWrongAnswersScaleNothingIn) {
  for (const Fault& fault : Faults()) {
    World world;
    while (world.replicas < 4) world.Tick();
    world.answer = fault.answer;
    for (seconds at(0); at < hours(6); at += kTick) {
      const Decision& decision = world.Tick();
      ASSERT_EQ(decision.replicas, 4) << fault.name << " after " << at.count() << " s";
      if (at > seconds(10)) {
        ASSERT_EQ(decision.rule, Rule::kNoEvidence) << fault.name << ": " << decision.reason;
      }
      // An HPA that is told nothing leaves the count alone.
      ASSERT_NE(world.ForTheHpa().evidence, Evidence::kFresh) << fault.name;
      if (at % minutes(50) == seconds(0)) world.RestartOperator();
    }
    world.answer = Number("400");
    for (int i = 0; i < 30; ++i) EXPECT_EQ(world.Tick().replicas, 4) << fault.name;
    world.answer = Number("100");
    for (int i = 0; i < 30; ++i) world.Tick();
    EXPECT_EQ(world.replicas, 1) << fault.name << ": the outage is over, and nothing was restarted";
  }
}

// An outage that comes and goes must not be an outage a little at a time.
TEST(Outage, AnswersThatComeAndGoFollowTheRightOnesOnly) {
  for (const Fault& fault : Faults()) {
    World world;
    while (world.replicas < 4) world.Tick();
    for (int i = 0; i < 5000; ++i) {
      world.answer = i % 7 == 0 ? Number("400") : fault.answer;
      ASSERT_EQ(world.Tick().replicas, 4) << fault.name << " at tick " << i;
    }
  }
}

TEST(Outage, AFallbackCountsFromItsTimeOnAndNoLonger) {
  for (const Fault& fault : Faults()) {
    World world;
    const api::Fallback fallback{minutes(2), 6, api::FallbackKind::kStatic};
    world.policy.fallback = fallback;
    world.GiveHpaAFallback(fallback);
    while (world.replicas < 4) world.Tick();
    world.answer = fault.answer;
    for (seconds at(0); at < hours(1); at += kTick) {
      const Decision& decision = world.Tick();
      const Sample told = world.ForTheHpa();
      if (at < minutes(2) - seconds(10)) {
        ASSERT_EQ(decision.replicas, 4) << fault.name;
        ASSERT_NE(told.evidence, Evidence::kFresh) << fault.name;
      } else if (at > minutes(2) + seconds(10)) {
        ASSERT_EQ(decision.replicas, 6) << fault.name;
        ASSERT_EQ(told.value, 600) << fault.name << ": six pods' worth";
      }
    }
    world.answer = Number("400");
    for (int i = 0; i < 30; ++i) world.Tick();
    EXPECT_EQ(world.replicas, 4) << fault.name;
    EXPECT_EQ(world.ForTheHpa().value, 400) << fault.name;
  }
}

// To zero leads evidence only, however long the outage and the cooldown.
TEST(Outage, NothingGoesToZero) {
  for (const Fault& fault : Faults()) {
    World world;
    world.policy.min_replicas = 0;
    world.policy.cooldown = minutes(5);
    world.answer = Number("50");
    while (world.replicas < 1) world.Tick();
    world.answer = fault.answer;
    for (seconds at(0); at < hours(2); at += kTick) {
      ASSERT_EQ(world.Tick().replicas, 1) << fault.name << " after " << at.count() << " s";
    }
  }
}

}  // namespace
}  // namespace sb::scaling
