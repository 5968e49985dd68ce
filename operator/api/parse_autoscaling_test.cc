// What a user is told about a wrong `autoscaling`, and what an unset part of it means.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "operator/api/parse.h"

namespace sb::api {
namespace {

using std::chrono::seconds;

const OperatorDefaults kDefaults{"todo:1", "postgres:1", "redis:1", "http://prometheus:9090"};

Expected<Backend> ParseWith(const std::string& autoscaling) {
  const Json object = {{"metadata", {{"name", "todo"}, {"namespace", "shop"}, {"uid", "u"}}},
                       {"spec", {{"api", {{"autoscaling", Json::parse(autoscaling)}}}}}};
  return Parse(object, kDefaults);
}

constexpr const char* kMetrics =
    R"("metrics": [{"type": "Prometheus", "name": "m", "query": "up", "target": {"value": "1"}}])";

std::string With(const std::string& more) {
  return R"({"maxReplicas": 9, )" + std::string(kMetrics) + ", " + more + "}";
}
std::string Of(const std::string& metric) {
  return R"({"maxReplicas": 9, "metrics": [)" + metric + "]}";
}

TEST(ParseAutoscaling, UnsetMeansTheDefaults) {
  const auto backend = ParseWith(R"({"maxReplicas": 9, )" + std::string(kMetrics) + "}");
  ASSERT_TRUE(backend) << backend.error().message;
  const Autoscaling& autoscaling = *backend->api.autoscaling;
  EXPECT_EQ(autoscaling.engine, Engine::kAuto);
  EXPECT_FALSE(autoscaling.paused);
  EXPECT_EQ(autoscaling.min_replicas, 1);
  EXPECT_FALSE(autoscaling.fallback);
  EXPECT_TRUE(autoscaling.schedules.empty());
  EXPECT_EQ(autoscaling.cooldown, seconds(300));
  EXPECT_EQ(autoscaling.initial_cooldown, seconds(0));
  EXPECT_EQ(autoscaling.metrics[0].activation, Quantity());
}

TEST(ParseAutoscaling, TheUseOfOneContainer) {
  const auto backend =
      ParseWith(Of(R"({"type": "ContainerResource", "resource": "cpu", "container": "api",
             "target": {"averageUtilization": 70}})"));
  ASSERT_TRUE(backend) << backend.error().message;
  const Metric& metric = backend->api.autoscaling->metrics[0];
  EXPECT_EQ(metric.type, MetricType::kResource);
  EXPECT_EQ(metric.container, "api");
  EXPECT_EQ(metric.name, "api/cpu");
  const auto fault = [](const char* metric_text) {
    const auto parsed = ParseWith(Of(metric_text));
    return parsed ? "" : parsed.error().message;
  };
  EXPECT_THAT(fault(R"({"type": "ContainerResource", "resource": "cpu",
                        "target": {"averageUtilization": 70}})"),
              testing::HasSubstr("metrics[0].container: "));
  EXPECT_THAT(fault(R"({"type": "Resource", "resource": "cpu", "container": "api",
                        "target": {"averageUtilization": 70}})"),
              testing::HasSubstr("container: does not go with type Resource; remove it"));
  EXPECT_THAT(fault(R"({"type": "ContainerResource", "resource": "cpu", "container": "api",
                        "target": {"value": "1"}})"),
              testing::HasSubstr("value: does not go with type ContainerResource"));
}

TEST(ParseAutoscaling, ReadsAllOfIt) {
  const auto backend = ParseWith(R"({
    "engine": "Direct", "paused": true, "minReplicas": 0, "maxReplicas": 9,
    "cooldown": "1m30s", "initialCooldown": "2m",
    "fallback": {"after": "2m", "replicas": 6, "behavior": "currentReplicasIfHigher"},
    "schedules": [{"cron": "0 8 * * 1-5", "timezone": "Europe/Paris", "duration": "10h",
                   "minReplicas": 4}],
    "metrics": [
      {"type": "Queue", "queue": "mail", "target": {"averageValue": "100"}, "activation": "5"},
      {"type": "Queue", "queue": "mail", "measure": "Age", "target": {"value": "30"}},
      {"type": "Requests", "target": {"averageValue": 50}},
      {"type": "Requests", "measure": "Latency", "name": "slow", "target": {"value": "200m"}}]})");
  ASSERT_TRUE(backend) << backend.error().message;
  const Autoscaling& autoscaling = *backend->api.autoscaling;
  EXPECT_EQ(autoscaling.engine, Engine::kDirect);
  EXPECT_TRUE(autoscaling.paused);
  EXPECT_EQ(autoscaling.cooldown, seconds(90));
  EXPECT_EQ(autoscaling.initial_cooldown, seconds(120));
  EXPECT_EQ(autoscaling.fallback->after, seconds(120));
  EXPECT_EQ(autoscaling.fallback->replicas, 6);
  EXPECT_EQ(autoscaling.fallback->kind, FallbackKind::kCurrentIfHigher);
  ASSERT_EQ(autoscaling.schedules.size(), 1u);
  EXPECT_EQ(autoscaling.schedules[0].duration, std::chrono::hours(10));
  EXPECT_EQ(autoscaling.schedules[0].min_replicas, 4);
  EXPECT_FALSE(autoscaling.schedules[0].max_replicas);
  ASSERT_EQ(autoscaling.metrics.size(), 4u);
  EXPECT_EQ(autoscaling.metrics[0].name, "queue-mail-depth");
  EXPECT_EQ(autoscaling.metrics[0].activation.milli(), 5000);
  EXPECT_EQ(autoscaling.metrics[1].name, "queue-mail-age");
  EXPECT_EQ(autoscaling.metrics[1].measure, Measure::kAge);
  EXPECT_EQ(autoscaling.metrics[2].name, "request-rate");
  EXPECT_EQ(autoscaling.metrics[3].name, "slow");
  EXPECT_EQ(autoscaling.metrics[3].target.quantity.milli(), 200);
}

TEST(ParseAutoscaling, AnticipationHasDefaultsAndReadsAll) {
  const std::string rate =
      R"({"type": "Prometheus", "name": "m", "query": "up", "target": {"averageValue": "1"}})";
  const auto with = [&](const std::string& anticipation) {
    return ParseWith(R"({"maxReplicas": 9, "metrics": [)" + rate + R"(], "anticipation": )" +
                     anticipation + "}");
  };
  EXPECT_FALSE(
      ParseWith(R"({"maxReplicas": 9, "metrics": [)" + rate + "]}")->api.autoscaling->anticipation);
  const auto unset = with("{}");
  ASSERT_TRUE(unset) << unset.error().message;
  EXPECT_EQ(unset->api.autoscaling->anticipation->look_ahead, seconds(600));
  EXPECT_EQ(unset->api.autoscaling->anticipation->season, Season::kDaily);
  EXPECT_EQ(unset->api.autoscaling->anticipation->history_days, 14);
  EXPECT_FALSE(unset->api.autoscaling->anticipation->max_replicas);
  ASSERT_TRUE(unset->api.autoscaling->anticipation->zone);
  EXPECT_EQ(with(R"({"season": "Weekly"})")->api.autoscaling->anticipation->history_days, 35);
  const auto all = with(R"({"season": "Weekly", "history": "21d", "lookAhead": "1h",
                            "timezone": "Europe/Paris", "maxReplicas": 5})");
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->api.autoscaling->anticipation->season, Season::kWeekly);
  EXPECT_EQ(all->api.autoscaling->anticipation->history_days, 21);
  EXPECT_EQ(all->api.autoscaling->anticipation->look_ahead, std::chrono::hours(1));
  EXPECT_EQ(all->api.autoscaling->anticipation->timezone, "Europe/Paris");
  EXPECT_EQ(all->api.autoscaling->anticipation->max_replicas, 5);
  const struct {
    const char* anticipation;
    const char* message;
  } faults[] = {
      {R"({"history": "14"})", "history: \"14\" is no number of days; write it like 14d"},
      {R"({"history": "99999999999d"})", "history: "},
      {R"({"history": "1d"})", "history: \"1d\" has to be from 2d to 30d"},
      {R"({"season": "Weekly", "history": "7d"})", "\"7d\" has to be from 14d to 84d"},
      {R"({"lookAhead": "5h"})", "lookAhead: \"5h\" has to be from 60s to 14400s"},
      {R"({"season": "Yearly"})", "season: \"Yearly\" is not supported; use one of: Daily, Weekly"},
      {R"({"timezone": "Mars/Base"})", "timezone: \"Mars/Base\" is not a time zone"},
      {R"({"maxReplicas": 10})", "anticipation.maxReplicas: 10 is not from minReplicas 1"},
  };
  for (const auto& each : faults) {
    const auto backend = with(each.anticipation);
    ASSERT_FALSE(backend) << each.anticipation;
    EXPECT_THAT(backend.error().message, testing::HasSubstr(each.message));
  }
}

TEST(ParseAutoscaling, ZeroWithoutAnEngineIsFine) {
  EXPECT_TRUE(ParseWith(With(R"("minReplicas": 0)")));
}

TEST(ParseAutoscaling, EveryFaultNamesTheFieldAndTheFix) {
  const std::string window = R"("cron": "0 8 * * *", "duration": "1h")";
  const struct {
    std::string autoscaling;
    std::string message;
  } cases[] = {
      {R"({"minReplicas": 0, "maxReplicas": 3, "metrics": [
           {"type": "Resource", "resource": "cpu", "target": {"averageUtilization": 70}}]})",
       "minReplicas: 0 needs a metric that exists while there is no pod; add one of type "
       "Prometheus or Queue"},
      {With(R"("fallback": {"replicas": 3})"), "fallback.after: is required; say how long"},
      {With(R"("fallback": {"after": "2 min", "replicas": 3})"),
       "fallback.after: \"2 min\" is not a duration; write it like 30s, 2m or 1h30m"},
      {With(R"("fallback": {"after": "1s", "replicas": 3})"),
       "fallback.after: \"1s\" has to be from 10s to 86400s"},
      {With(R"("fallback": {"after": "2m"})"), "fallback.replicas: is required"},
      {With(R"("fallback": {"after": "2m", "replicas": 30})"),
       "fallback.replicas: 30 is not from minReplicas 1 to maxReplicas 9"},
      {With(R"("fallback": {"after": "2m", "replicas": 3, "behavior": "scalingModifiers"})"),
       "fallback.behavior: \"scalingModifiers\" is not supported; use one of: static, "},
      {With(R"("fallback": {"after": "2m", "replicas": 3, "behavior": "currentReplicas"})"),
       "fallback.replicas: does not go with behavior currentReplicas"},
      {With(R"("schedules": [{"duration": "1h", "minReplicas": 3}])"),
       "schedules[0].cron: is required"},
      {With(R"("schedules": [{"cron": "0 25 * * *", "duration": "1h", "minReplicas": 3}])"),
       "schedules[0].cron: \"0 25 * * *\" is no cron expression: its hour has to be"},
      {With(R"("schedules": [{"timezone": "Mars/Base", )" + window + R"(, "minReplicas": 3}])"),
       "schedules[0].timezone: \"Mars/Base\" is not a time zone that this operator knows"},
      {With(R"("schedules": [{"cron": "0 8 * * *", "minReplicas": 3}])"),
       "schedules[0].duration: is required"},
      {With(R"("schedules": [{"cron": "0 8 * * *", "duration": "90s", "minReplicas": 3}])"),
       "schedules[0].duration: has to be whole minutes"},
      {With(R"("schedules": [{)" + window + "}]"),
       "schedules[0]: changes nothing; set minReplicas"},
      {With(R"("schedules": [{)" + window + R"(, "minReplicas": 30}])"),
       "schedules[0].minReplicas: 30 is not from minReplicas 1 to maxReplicas 9 of the workload"},
      {With(R"("schedules": [{)" + window + R"(, "minReplicas": 5, "maxReplicas": 4}])"),
       "schedules[0].minReplicas: 5 is more than its maxReplicas 4"},
      {With(R"("anticipation": {})"),
       "autoscaling.anticipation: needs a metric whose past says how many pods it asked for"},
      {With(R"("cooldown": "soon")"), "autoscaling.cooldown: \"soon\" is not a duration"},
      {With(R"("paused": "true")"), "autoscaling.paused: must be true or false"},
      {Of(R"({"type": "Queue", "target": {"averageValue": 1}})"),
       "metrics[0].queue: is required; name the queue"},
      {Of(R"({"type": "Queue", "queue": "A", "target": {"averageValue": 1}})"),
       "metrics[0].queue: \"A\" is no name of a queue"},
      {Of(R"({"type": "Queue", "queue": "a", "measure": "Age", "target": {"averageValue": 1}})"),
       "metrics[0].target.averageValue: does not go with measure Age; set value"},
      {Of(R"({"type": "Queue", "queue": "a", "query": "up", "target": {"averageValue": 1}})"),
       "metrics[0].query: does not go with type Queue; remove it"},
      {Of(R"({"type": "Requests", "target": {"value": 1}})"),
       "metrics[0].target.value: does not go with measure Rate; set averageValue"},
      {Of(R"({"type": "Requests", "measure": "Latency", "target": {}})"),
       "metrics[0].target: set value"},
      {Of(R"({"type": "Requests", "measure": "Depth", "target": {"averageValue": 1}})"),
       "metrics[0].measure: \"Depth\" is not supported; use one of: Rate, Latency"},
      {Of(R"({"type": "Requests", "activation": "-1", "target": {"averageValue": 1}})"),
       "metrics[0].activation: has to be a quantity of 0 or more"},
      {Of(R"({"type": "Resource", "resource": "cpu", "activation": 1,
              "target": {"averageUtilization": 70}})"),
       "metrics[0].activation: does not go with type Resource; remove it"},
  };
  for (const auto& each : cases) {
    const auto backend = ParseWith(each.autoscaling);
    ASSERT_FALSE(backend) << each.autoscaling;
    EXPECT_THAT(backend.error().message, testing::HasSubstr(each.message)) << each.autoscaling;
    EXPECT_THAT(backend.error().message, testing::Not(testing::HasSubstr("\n")))
        << "one mistake is one fault: " << each.autoscaling;
  }
}

}  // namespace
}  // namespace sb::api
