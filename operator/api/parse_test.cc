// What a user is told about a wrong spec, and what an unset field means.
#include "operator/api/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "operator/api/connections.h"

namespace sb::api {
namespace {

const OperatorDefaults kDefaults{"todo:1", "postgres:1", "redis:1", "http://prometheus:9090"};

Json Object(const std::string& spec) {
  return {{"metadata", {{"name", "todo"}, {"namespace", "shop"}, {"uid", "u"}, {"generation", 7}}},
          {"spec", Json::parse(spec)}};
}

TEST(Parse, AnEmptySpecIsAWholeBackend) {
  const auto backend = Parse(Object("{}"), kDefaults);
  ASSERT_TRUE(backend) << backend.error().message;
  EXPECT_EQ(backend->generation, 7);
  EXPECT_EQ(backend->image, "todo:1");
  EXPECT_EQ(backend->image_pull_policy, "IfNotPresent");
  EXPECT_EQ(backend->api.port, 8080);
  EXPECT_EQ(backend->api.replicas, 2);
  EXPECT_THAT(backend->api.command, testing::ElementsAre("todo", "serve"));
  EXPECT_FALSE(backend->api.autoscaling);
  EXPECT_TRUE(backend->workers.empty());
  EXPECT_EQ(backend->database.postgres->storage.size.ToString(), "10Gi");
  EXPECT_EQ(backend->database.postgres->parameters.at("max_connections"), "200");
  EXPECT_EQ(backend->cache.redis->image, "redis:1");
  EXPECT_THAT(backend->migrations->command, testing::ElementsAre("todo", "migrate"));
  EXPECT_EQ(backend->prometheus_url, "http://prometheus:9090");
  EXPECT_EQ(backend->deletion_policy, DeletionPolicy::kRetain);
  EXPECT_FALSE(backend->deleting);
}

TEST(Parse, KeepsWhatIsGivenInCanonicalForm) {
  const auto backend = Parse(Object(R"({
    "workers": [{"name": "z"}, {"name": "a", "replicas": 0}],
    "migrations": {"enabled": false},
    "database": {"external": {"secretRef": {"name": "rds", "key": "url"}}},
    "api": {"resources": {"requests": {"cpu": "0.1"}, "limits": {"memory": 134217728}},
            "autoscaling": {"maxReplicas": 5, "metrics": [
      {"type": "Prometheus", "name": "m", "query": "x{n=\"$(name)\"}", "target": {"averageValue": 500}},
      {"type": "Resource", "resource": "memory", "target": {"averageValue": "1Gi"}}]}}})"),
                             kDefaults);
  ASSERT_TRUE(backend) << backend.error().message;
  EXPECT_EQ(backend->workers[0].name, "a");
  EXPECT_FALSE(backend->migrations);
  EXPECT_FALSE(backend->database.postgres);
  EXPECT_EQ(backend->database.external->name, "rds");
  // A memory limit alone is the request too: the API server's rule.
  EXPECT_EQ(backend->api.resources,
            Json::parse(R"({"requests":{"cpu":"100m"},"limits":{"memory":"134217728"}})"));
  const auto& metrics = backend->api.autoscaling->metrics;
  EXPECT_EQ(metrics[0].promql, "x{n=\"todo\"}");
  EXPECT_EQ(metrics[0].target.quantity.milli(), 500'000);
  EXPECT_EQ(metrics[1].name, "memory");
  EXPECT_EQ(backend->api.FewestReplicas(), 1);
  EXPECT_EQ(backend->api.MostReplicas(), 5);
}

constexpr const char* kMetric =
    R"({"type": "Prometheus", "name": "m", "query": "up", "target": {"value": "1"}})";

std::string Autoscaled(const std::string& rest) {
  return R"({"api": {"autoscaling": {"maxReplicas": 3, "metrics": [)" + rest + "]}}}";
}

TEST(Parse, EveryFaultNamesTheFieldAndTheFix) {
  const std::string metric = kMetric;
  const struct {
    std::string spec;
    std::string message;
  } cases[] = {
      {R"({"api": {"autoscaling": {"minReplicas": 5, "maxReplicas": 3, "metrics": [)" + metric +
           "]}}}",
       "spec.api.autoscaling.minReplicas: 5 is more than maxReplicas 3; raise maxReplicas or lower "
       "minReplicas"},
      {R"({"api": {"autoscaling": {"engine": "HPA", "minReplicas": 0, "maxReplicas": 3,
                                    "metrics": [)" +
           metric + "]}}}",
       "spec.api.autoscaling.minReplicas: 0 does not go with engine HPA, which cannot scale to "
       "zero "
       "on every cluster; set engine: Direct, or use 1 or more"},
      {R"({"api": {"replicas": 2, "autoscaling": {"maxReplicas": 3, "metrics": [)" + metric +
           "]}}}",
       "spec.api.replicas: cannot be set together with autoscaling"},
      {R"({"api": {"autoscaling": {"maxReplicas": 3, "metrics": []}}})",
       "spec.api.autoscaling.metrics: is empty"},
      {R"({"api": {"autoscaling": {"engine": "KEDA", "maxReplicas": 3, "metrics": [)" + metric +
           "]}}}",
       "spec.api.autoscaling.engine: \"KEDA\" is not supported; use one of: HPA, Direct"},
      {Autoscaled(metric + "," + metric), "metrics[1].name: \"m\" is used twice"},
      {Autoscaled(R"({"type": "Kafka"})"),
       "spec.api.autoscaling.metrics[0].type: \"Kafka\" is not supported; use one of: Prometheus, "
       "Resource, ContainerResource, Queue, Requests"},
      {Autoscaled(R"({"type": "Prometheus", "name": "m", "query": " ", "target": {"value": 1}})"),
       "metrics[0].query: is empty"},
      {Autoscaled(R"~({"type": "Prometheus", "name": "m", "query": "$(pod)", "target": {
    "value" : 1}})~"),
       "metrics[0].query: unknown variable at character 1"},
      {Autoscaled(
           R"({"type": "Prometheus", "name": "cpu", "query": "up", "target": {"value": 1}})"),
       "metrics[0].name: \"cpu\" is kept for"},
      {Autoscaled(
           R"({"type": "Prometheus", "name": "A B", "query": "up", "target": {"value": 1}})"),
       "metrics[0].name: \"A B\" has to be"},
      {Autoscaled(
           R"({"type": "Prometheus", "name": "m", "query": "up", "target": {"value": "-1"}})"),
       "metrics[0].target.value: -1 is not more than 0"},
      {Autoscaled(
           R"({"type": "Prometheus", "name": "m", "query": "up", "target": {"value": "x"}})"),
       "metrics[0].target.value: is not a quantity"},
      {Autoscaled(R"({"type": "Prometheus", "name": "m", "query": "up",
                      "target": {"value": 1, "averageValue": 1}})"),
       "metrics[0].target: set exactly one of averageValue or value"},
      {Autoscaled(
           R"({"type": "Resource", "resource": "disk", "target": {"averageUtilization": 1}})"),
       "metrics[0].resource: \"disk\" is not supported; use one of: cpu, memory"},
      {Autoscaled(R"({"type": "Resource", "resource": "cpu", "target": {"value": 1}})"),
       "metrics[0].target.value: does not go with type Resource"},
      {R"({"api": {"port": "8080"}})", "spec.api.port: must be an integer, not string"},
      {R"({"api": {"port": 80}})", "spec.api.port: 80 is less than 1024"},
      {R"({"api": {"port": 9090}})", "spec.api.port: 9090 is the port of the metrics"},
      {R"({"api": {"port": 18446744073709551615}})", "spec.api.port: 18446744073709551615 is more"},
      {R"({"api": {"command": []}})", "spec.api.command: is empty"},
      {R"({"api": {"env": [{"name": "A"}, {"name": "A"}]}})",
       "spec.api.env[1].name: \"A\" is given twice"},
      {R"({"api": {"env": [{"name": "PORT", "value": "1"}]}})",
       "spec.api.env[0].name: PORT follows"},
      {R"({"api": {"shutdownDelaySeconds": 60}})",
       "spec.api.shutdownDelaySeconds: 60 leaves no time"},
      {R"({"api": {"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1"}}}})",
       "spec.api.resources.requests.cpu: 2 is more than the limit 1"},
      {R"({"api": []})", "spec.api: must be an object, not array"},
      {R"({"workers": [{"name": "UP"}]})", "spec.workers[0].name: \"UP\" has to be"},
      {R"({"workers": [{"name": "abcdefghijklmnop"}]})",
       "spec.workers[0].name: \"abcdefghijklmnop\" has to be"},
      {R"({"workers": [{"name": "a"}, {"name": "a"}]})",
       "spec.workers[1].name: \"a\" is used twice"},
      {R"({"workers": [{}]})", "spec.workers[0].name: is required"},
      {R"({"database": {"postgres": {"storage": {"size": "-1Gi"}}}})",
       "spec.database.postgres.storage.size: \"-1Gi\" is not more than 0"},
      {R"({"database": {"postgres": {"instances": 3}}})",
       "spec.database.postgres.instances: more than 1 is not supported yet"},
      {R"({"database": {"postgres": {}, "external": {"secretRef": {"name": "a", "key": "b"}}}})",
       "spec.database: has postgres and external; keep one"},
      {R"({"database": {"external": {}}})", "spec.database.external.secretRef: is required"},
      {R"({"database": {"postgres": {"parameters": {"port": "1"}}}})",
       "spec.database.postgres.parameters.port: is set by the operator"},
      {R"({"database": {"postgres": {"parameters": {"max_connections": "many"}}}})",
       "spec.database.postgres.parameters.max_connections: \"many\" has to be between"},
      {R"({"database": {"postgres": {"parameters": {"max_connections": "20"}}},
           "api": {"replicas": 40}})",
       "spec.database.postgres.parameters: 50 processes x 1 connection + 10 reserved = 60 of "
       "max_connections 20; raise max_connections"},
      {R"({"cache": {"redis": {"storage": {"size": "big"}}}})",
       "spec.cache.redis.storage.size: \"big\""},
      {R"({"image": "a b"})", "spec.image: \"a b\" is not an image name"},
      {R"({"imagePullPolicy": "Sometimes"})",
       "spec.imagePullPolicy: \"Sometimes\" is not supported"},
      {R"({"monitoring": {"prometheus": {"url": "prometheus:9090"}}})",
       "url: \"prometheus:9090\" has to"},
      {R"({"deletionPolicy": "Burn"})",
       "spec.deletionPolicy: \"Burn\" is not supported; use one of: Retain"},
      {R"({"paused": "yes"})", "spec.paused: must be true or false, not string"},
      {R"({"migrations": {"command": [3]}})",
       "spec.migrations.command[0]: must be a string, not number"},
  };
  for (const auto& c : cases) {
    const auto backend = Parse(Object(c.spec), kDefaults);
    ASSERT_FALSE(backend) << c.spec;
    EXPECT_EQ(backend.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(backend.error().message, testing::HasSubstr(c.message)) << c.spec;
    EXPECT_THAT(backend.error().message, testing::Not(testing::HasSubstr("\n")))
        << "one mistake is one fault: " << c.spec;
  }
}

TEST(Parse, ReportsAllFaultsAtOnce) {
  const auto backend = Parse(Object(R"({"api": {"port": 1}, "paused": 1})"), kDefaults);
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().message,
            "spec.api.port: 1 is less than 1024\nspec.paused: must be true or false, not number");
}

TEST(Parse, NamesThatWouldBreakChildrenAreRefused) {
  for (const char* name :
       {"", "UP", "1a", "a-", "a.b", "abcdefghijabcdefghijabcdefghijabcdefghijk"}) {
    Json object = Object("{}");
    object["metadata"]["name"] = name;
    const auto backend = Parse(object, kDefaults);
    ASSERT_FALSE(backend) << name;
    EXPECT_THAT(backend.error().message, testing::StartsWith("metadata.name: "));
  }
}

TEST(Parse, SurvivesADocumentOfAnyShape) {
  for (const char* text :
       {"null", "[]", "3", "{}", R"({"metadata":3,"spec":[]})",
        R"({"spec":{"workers":{},"api":{"env":{},"autoscaling":[]}}})",
        R"({"spec":{"api":{"env":[1],"envFrom":3,"resources":{"limits":[1]}}}})"}) {
    EXPECT_FALSE(Parse(Json::parse(text), kDefaults)) << text;
  }
}

TEST(Budget, TakesTheLargestPoolThatFits) {
  const auto pool = [](const std::string& spec) {
    return Budget(*Parse(Object(spec), kDefaults)).pool_size;
  };
  EXPECT_EQ(pool("{}"), 10);                            // 3 processes
  EXPECT_EQ(pool(R"({"api": {"replicas": 20}})"), 5);   // 25 processes
  EXPECT_EQ(pool(R"({"api": {"replicas": 120}})"), 1);  // 150 processes
  EXPECT_EQ(pool(R"({"api": {"replicas": 500},
                     "database": {"external": {"secretRef": {"name": "a", "key": "b"}}}})"),
            5);
}

}  // namespace
}  // namespace sb::api
