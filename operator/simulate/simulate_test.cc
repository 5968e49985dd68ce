// What somebody is shown before a setting is changed in production has to be what would happen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "operator/simulate/chart.h"
#include "operator/simulate/command.h"
#include "operator/simulate/replay.h"
#include "operator/simulate/setting.h"
#include "operator/simulate/stock_hpa.h"
#include "operator/simulate/synthetic_days.h"

namespace sb::simulate {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const WallTime kStart = *ParseTime("2026-11-24T00:00:00Z");

scaling::Policy OneMetric(double target, int min, int max) {
  scaling::Policy policy{.min_replicas = min, .max_replicas = max};
  policy.metrics = {{.name = "rate", .target = target}};
  return policy;
}

Series Constant(std::vector<std::pair<int, std::optional<double>>> minutes_and_values) {
  Series series{"rate", {}};
  for (std::size_t i = 0; i + 1 < minutes_and_values.size(); ++i) {
    for (int t = minutes_and_values[i].first * 60; t < minutes_and_values[i + 1].first * 60;
         t += 15)
      series.points.push_back({kStart + seconds(t), minutes_and_values[i].second});
  }
  return series;
}

TEST(Csv, ReadsTimesAndColumns) {
  const auto series = ParseCsv("time,rate,queue\n2026-11-24T00:00:00Z,5,\n1795478430,6,NaN\n");
  ASSERT_TRUE(series) << series.error().message;
  ASSERT_EQ(series->size(), 2u);
  EXPECT_EQ((*series)[0].name, "rate");
  EXPECT_EQ((*series)[0].At(kStart + seconds(10)), 5);
  EXPECT_EQ((*series)[0].At(kStart - seconds(1)), std::nullopt);
  EXPECT_EQ((*series)[1].points[0].value, std::nullopt);
  EXPECT_THAT(ParseCsv("2026-11-24T00:00:00Z,x\n").error().message, HasSubstr("line 1: \"x\""));
  EXPECT_THAT(ParseCsv("a,b\nlater,1\n").error().message, HasSubstr("line 2"));
  EXPECT_THAT(ParseCsv("5,1\n5,1\n").error().message, HasSubstr("times have to rise"));
  EXPECT_FALSE(ParseCsv(""));
}

TEST(StockHpa, DoublesASyncAndComesDownAfterFiveMinutes) {
  StockHpa hpa(OneMetric(100, 1, 100), false);
  scaling::Situation situation{.current = 1, .ready = 1};
  situation.readings = {{{.evidence = scaling::Evidence::kFresh, .value = 2000}}};
  std::vector<int> counts;
  WallTime now = kStart;
  for (int i = 0; i < 5; ++i, now += seconds(15)) {
    situation.current = hpa.Sync(situation, now);
    counts.push_back(situation.current);
  }
  EXPECT_THAT(counts, testing::ElementsAre(4, 8, 16, 20, 20));
  situation.readings[0].sample.value = 100;
  WallTime down = now;
  while (situation.current == 20 && down - now < minutes(20)) {
    situation.current = hpa.Sync(situation, down);
    if (situation.current == 20) down += seconds(15);
  }
  EXPECT_EQ(situation.current, 1);
  EXPECT_GE(down - now, seconds(270));
  EXPECT_LE(down - now, seconds(315));
}

TEST(Replay, DirectFollowsAStepSooner) {
  const Series step = Constant({{0, 200}, {20, 350}, {60, 0}});
  const scaling::Policy policy = OneMetric(100, 2, 20);
  const Course direct = Replay(policy, {step}, {.engine = Engine::kDirect});
  const Course stock = Replay(policy, {step}, {.engine = Engine::kStockHpa});
  EXPECT_EQ(direct.score.most, 4);
  EXPECT_EQ(stock.score.most, 4);
  EXPECT_LE(direct.score.under_minutes, stock.score.under_minutes);
  EXPECT_EQ(direct.score.flaps, 0);
}

TEST(Replay, AnOutageScalesNothingIn) {
  const Series outage = Constant({{0, 800}, {20, std::nullopt}, {90, 800}, {100, 0}});
  const Course run = Replay(OneMetric(100, 1, 20), {outage}, {.engine = Engine::kDirect});
  for (const Moment& moment : run.moments) {
    if (moment.at > kStart + minutes(5)) {
      EXPECT_EQ(moment.replicas, 8) << FormatTime(moment.at);
    }
  }
}

TEST(SyntheticDays, AreTenAndAlwaysTheSame) {
  const auto days = SyntheticDays();
  ASSERT_EQ(days.size(), 10u);
  const auto again = SyntheticDays();
  for (std::size_t i = 0; i < days.size(); ++i) {
    EXPECT_EQ(days[i].series.points.size(), 5761u) << days[i].name;
    EXPECT_EQ(days[i].series.points[2000].value, again[i].series.points[2000].value);
  }
}

// The issue's bound: fewer under-provisioned minutes than the stock HPA at no more replica-hours.
TEST(SyntheticDays, DirectServesBetterForNoMore) {
  const scaling::Policy policy = OneMetric(100, 2, 60);
  Score ours, stock;
  for (const Day& day : SyntheticDays()) {
    const Course direct = Replay(policy, {day.series}, {.engine = Engine::kDirect});
    const Course hpa = Replay(policy, {day.series}, {.engine = Engine::kStockHpa});
    ours.under_minutes += direct.score.under_minutes;
    ours.replica_hours += direct.score.replica_hours;
    stock.under_minutes += hpa.score.under_minutes;
    stock.replica_hours += hpa.score.replica_hours;
  }
  EXPECT_LT(ours.under_minutes, stock.under_minutes * 0.8);
  EXPECT_LE(ours.replica_hours, stock.replica_hours);
}

scaling::Policy Anticipating(scaling::Policy policy) {
  policy.metrics[0].recorded = true;
  policy.anticipation = api::Anticipation{.zone = *calendar::LoadZone("UTC")};
  return policy;
}

// What anticipation is for: on days that come again the pods are there before the load, at a price;
// and on one that does not come again it changes nothing.
TEST(SyntheticDays, AnticipationIsThereBeforeTheLoad) {
  const scaling::Policy policy = OneMetric(100, 2, 60);
  for (const Day& day : SyntheticDays()) {
    const Course reacts = Replay(policy, {day.series}, {.engine = Engine::kDirect});
    const Course foresees =
        Replay(Anticipating(policy), {day.series}, {.engine = Engine::kDirect, .past = {day.past}});
    EXPECT_LE(foresees.score.under_minutes, reacts.score.under_minutes) << day.name;
    EXPECT_LE(foresees.score.replica_hours, reacts.score.replica_hours * 1.25) << day.name;
    if (day.name == "diurnal" || day.name == "office") {
      EXPECT_LT(foresees.score.under_minutes, reacts.score.under_minutes * 0.5) << day.name;
    }
    if (day.name == "flash-crowd") {
      EXPECT_NEAR(foresees.score.replica_hours, reacts.score.replica_hours, 1);
    }
  }
}

// A record of several days is its own past.
TEST(Replay, AnticipatesFromTheSeriesItself) {
  Series week{"rate", {}};
  for (int t = 0; t < 4 * 86'400; t += 60) {
    week.points.push_back({kStart + seconds(t), t % 86'400 >= 43'200 ? 900.0 : 200.0});
  }
  const Course run =
      Replay(Anticipating(OneMetric(100, 2, 20)), {week}, {.engine = Engine::kDirect});
  const auto before_noon = [&](int day) {
    for (const Moment& moment : run.moments) {
      if (moment.at >= kStart + seconds(day * 86'400 + 43'200 - 60)) return moment.replicas;
    }
    return 0;
  };
  EXPECT_EQ(before_noon(0), 2);
  EXPECT_EQ(before_noon(1), 2) << "one day is no evidence";
  EXPECT_EQ(before_noon(2), 9);
  EXPECT_EQ(before_noon(3), 9);
}

constexpr const char* kBackend = R"(apiVersion: scalablebackend.io/v1alpha1
kind: ScalableBackend
metadata: {name: todo}
spec:
  api:
    env: [{name: A, value: "1"}]
    autoscaling:
      minReplicas: 2
      maxReplicas: 20
      metrics:
      - {type: Prometheus, name: rate, query: 'sum(up)', target: {averageValue: "100"}}
)";

TEST(Setting, ChangesOneThing) {
  const auto backend = ReadBackend(kBackend);
  ASSERT_TRUE(backend) << backend.error().message;
  const auto scaled = ReadAutoscaling(*backend, "api");
  ASSERT_TRUE(scaled) << scaled.error().message;
  EXPECT_EQ(scaled->autoscaling.max_replicas, 20);
  const auto changed = WithSetting(*backend, "api", "metrics.0.target.averageValue=50");
  ASSERT_TRUE(changed);
  EXPECT_EQ(ReadAutoscaling(*changed, "api")->autoscaling.metrics[0].target.quantity.milli(),
            50'000);
  const auto window =
      WithSetting(*backend, "api", "behavior.scaleDown.stabilizationWindowSeconds=60");
  EXPECT_EQ(IntAt(ReadAutoscaling(*window, "api")->autoscaling.behavior,
                  {"scaleDown", "stabilizationWindowSeconds"}),
            60);
  EXPECT_FALSE(WithSetting(*backend, "api", "maxReplicas"));
  EXPECT_FALSE(WithSetting(*backend, "api", "metrics.7.name=x"));
  EXPECT_FALSE(ReadAutoscaling(*backend, "worker/mail"));
  EXPECT_FALSE(ReadBackend("kind: Deployment\n"));
}

TEST(Command, ShowsChartTableAndSvgOfACsv) {
  const std::string base = testing::TempDir() + "simulate_test_";
  std::ofstream(base + "backend.yaml") << kBackend;
  {
    std::ofstream csv(base + "day.csv");
    csv << "time,rate\n";
    for (int t = 0; t < 7200; t += 15)
      csv << FormatTime(kStart + seconds(t)) << "," << (t < 3600 ? 300 : 900) << "\n";
  }
  std::ostringstream out;
  const auto done = Simulate({.backend_file = base + "backend.yaml",
                              .csv_file = base + "day.csv",
                              .settings = {"maxReplicas=5"},
                              .svg_file = base + "day.svg"},
                             {}, out);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(out.str(), HasSubstr("Direct, as it is"));
  EXPECT_THAT(out.str(), HasSubstr("stock HPA, as it is"));
  EXPECT_THAT(out.str(), HasSubstr("Direct, maxReplicas=5"));
  EXPECT_THAT(out.str(), HasSubstr("replica-hours"));
  std::ifstream svg(base + "day.svg");
  std::string first;
  std::getline(svg, first);
  EXPECT_THAT(first, HasSubstr("<svg xmlns"));
}

TEST(Command, AsksPrometheusForTheRange) {
  const std::string file = testing::TempDir() + "simulate_test_range.yaml";
  std::ofstream(file) << kBackend;
  std::ostringstream out;
  const auto done = Simulate(
      {.backend_file = file,
       .prometheus_url = "http://p",
       .from = "2026-11-24T00:00:00Z",
       .to = "2026-11-24T01:00:00Z"},
      [](const std::string& url, const std::string& promql, const promql::Client::Range& range,
         const promql::Credentials&) -> Expected<std::vector<promql::Series>> {
        EXPECT_EQ(url, "http://p");
        EXPECT_EQ(promql, "sum(up)");
        std::vector<promql::Series> points;
        for (WallTime at = range.from; at <= range.to; at += range.step)
          points.push_back({.value = 500, .at = at});
        return points;
      },
      out);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(out.str(), HasSubstr("Direct, as it is"));
}

TEST(Command, SendsWhatTheSpecNamesFromFiles) {
  const std::string base = testing::TempDir() + "simulate_test_secrets/";
  std::filesystem::create_directories(base + "prometheus");
  std::ofstream(base + "prometheus/token") << "s3cret\n";
  std::ofstream(base + "backend.yaml") << kBackend << R"(
  monitoring:
    prometheus:
      url: https://prometheus.example.com
      bearerToken: {name: prometheus, key: token}
)";
  std::vector<std::pair<std::string, std::string>> sent;
  const auto run = [&](std::string url, std::string folder) {
    sent.clear();
    std::ostringstream out;
    return Simulate(
        {.backend_file = base + "backend.yaml",
         .prometheus_url = std::move(url),
         .credentials_folder = std::move(folder),
         .from = "2026-11-24T00:00:00Z",
         .to = "2026-11-24T01:00:00Z"},
        [&](const std::string&, const std::string&, const promql::Client::Range&,
            const promql::Credentials& credentials) -> Expected<std::vector<promql::Series>> {
          sent = credentials.headers;
          return std::vector<promql::Series>{};
        },
        out);
  };
  const auto done = run("", base);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(sent, ElementsAre(Pair("Authorization", "Bearer s3cret")));
  ASSERT_TRUE(run("http://localhost:9090", ""));
  EXPECT_THAT(sent, IsEmpty()) << "another server, and nobody said that it may have the token";
  EXPECT_THAT(run("", "").error().message, HasSubstr("put it into the file prometheus/token"));
  EXPECT_THAT(run("", base + "prometheus").error().message, HasSubstr("cannot be read"));
}

TEST(Command, AsksForTheDaysBeforeIfTheyMatter) {
  const std::string file = testing::TempDir() + "simulate_test_past.yaml";
  std::ofstream(file) << kBackend;
  std::vector<promql::Client::Range> ranges;
  std::ostringstream out;
  const auto done = Simulate(
      {.backend_file = file,
       .prometheus_url = "http://p",
       .from = "2026-11-24T00:00:00Z",
       .to = "2026-11-24T01:00:00Z",
       .settings = {"anticipation.history=3d"}},
      [&](const std::string&, const std::string&, const promql::Client::Range& range,
          const promql::Credentials&) -> Expected<std::vector<promql::Series>> {
        ranges.push_back(range);
        std::vector<promql::Series> points;
        for (WallTime at = range.from; at <= range.to; at += range.step)
          points.push_back({.value = at < kStart ? 1500.0 : 500.0, .at = at});
        return points;
      },
      out);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(ranges.size(), 1u + 4u);
  EXPECT_EQ(FormatTime(ranges[1].from), "2026-11-20T00:00:00Z");
  EXPECT_EQ(FormatTime(ranges[4].to), "2026-11-23T23:59:00Z");
  EXPECT_THAT(out.str(), HasSubstr("Direct, anticipation.history=3d"));
}

}  // namespace
}  // namespace sb::simulate
