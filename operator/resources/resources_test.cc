// What the builders make of a full backend, as golden files: a changed byte there is a rolled pod
// somewhere. UPDATE_GOLDEN=1 writes them anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "operator/api/names.h"
#include "operator/api/parse.h"
#include "operator/resources/autoscalers.h"
#include "operator/resources/claims.h"
#include "operator/resources/credentials.h"
#include "operator/resources/deployments.h"
#include "operator/resources/disruption_budgets.h"
#include "operator/resources/migration.h"
#include "operator/resources/postgres.h"
#include "operator/resources/redis.h"
#include "operator/resources/services.h"

namespace sb::resources {
namespace {

const api::OperatorDefaults kDefaults{"todo:1", "postgres:1", "redis:1", "http://prometheus:9090"};
const Entropy kEntropy{std::string(32, 'p'), std::string(32, 'r'), std::string(32, 'j')};

std::string TestFile(const std::string& name) {
  return std::string(SB_TEST_DIR) + "/testdata/" + name;
}

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json SampleObject() { return Json::parse(Read(TestFile("backend.json"))); }

api::Backend Sample(const std::function<void(Json& spec)>& change = [](Json&) {}) {
  Json object = SampleObject();
  change(object["spec"]);
  auto backend = api::Parse(object, kDefaults);
  EXPECT_TRUE(backend) << backend.error().message;
  return *backend;
}

std::vector<Json> All(const api::Backend& backend) {
  std::vector<Json> all{ApiDeployment(backend), ApiService(backend), MigrationJob(backend),
                        CredentialsSecret(backend, kEntropy)};
  const auto add = [&](std::optional<Json> object) {
    if (object) all.push_back(*std::move(object));
  };
  add(ApiPodDisruptionBudget(backend));
  add(ApiHorizontalPodAutoscaler(backend));
  for (const api::Worker& worker : backend.workers) {
    all.push_back(WorkerDeployment(backend, worker));
    add(WorkerPodDisruptionBudget(backend, worker));
    add(WorkerHorizontalPodAutoscaler(backend, worker));
  }
  if (backend.database.postgres) {
    all.push_back(PostgresStatefulSet(backend));
    all.push_back(PostgresService(backend));
    all.push_back(PostgresRwService(backend));
  }
  if (backend.cache.redis) {
    all.push_back(RedisStatefulSet(backend));
    all.push_back(RedisService(backend));
  }
  return all;
}

std::string Label(const Json& object) {
  return StringAt(object, {"kind"}) + " " + StringAt(object, {"metadata", "name"});
}

// Calls `visit` with every pod template among the objects.
void ForEachPod(const api::Backend& backend,
                const std::function<void(const std::string&, const Json& pod)>& visit) {
  for (const Json& object : All(backend)) {
    if (const Json* pod = Find(object, {"spec", "template", "spec"})) visit(Label(object), *pod);
  }
}

TEST(Resources, MatchTheirGoldenFiles) {
  for (const Json& object : All(Sample())) {
    const std::string name =
        StringAt(object, {"metadata", "name"}) + "." + StringAt(object, {"kind"}) + ".json";
    const std::string path = TestFile(object["kind"] == "Job" ? "todo-migrate.Job.json" : name);
    const std::string text = object.dump(2) + "\n";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
    EXPECT_EQ(Read(path), text) << path << ": run with UPDATE_GOLDEN=1 if the change is meant";
  }
}

TEST(Resources, AreTheSameEveryTime) { EXPECT_EQ(All(Sample()), All(Sample())); }

TEST(Resources, EveryPodMeetsTheRestrictedStandardWithAReadOnlyRoot) {
  ForEachPod(Sample(), [](const std::string& name, const Json& pod) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(BoolAt(pod, {"securityContext", "runAsNonRoot"}));
    EXPECT_NE(IntAt(pod, {"securityContext", "runAsUser"}), 0);
    EXPECT_EQ(StringAt(pod, {"securityContext", "seccompProfile", "type"}), "RuntimeDefault");
    EXPECT_FALSE(BoolAt(pod, {"automountServiceAccountToken"}, true));
    for (const Json& container : pod["containers"]) {
      const Json& security = container["securityContext"];
      EXPECT_FALSE(BoolAt(security, {"allowPrivilegeEscalation"}, true));
      EXPECT_TRUE(BoolAt(security, {"readOnlyRootFilesystem"}));
      EXPECT_EQ(security["capabilities"]["drop"], Json::array({"ALL"}));
      // Without requests the HPA cannot read utilization.
      EXPECT_NE(Find(container, {"resources", "requests"}), nullptr);
    }
  });
}

// A value that Go drops on the way in would make the live object differ for ever: zero writes would
// be lost.
void ExpectNoEmptyValue(const Json& value, const std::string& path) {
  if (value.is_structured()) {
    EXPECT_FALSE(value.empty()) << path;
    for (const auto& [key, member] : value.items()) ExpectNoEmptyValue(member, path + "." + key);
  }
  if (value.is_string()) {
    EXPECT_NE(value, "") << path;
  }
  EXPECT_FALSE(value.is_null()) << path;
}

TEST(Resources, HoldNothingThatTheApiServerWouldDrop) {
  for (const Json& object : All(Sample())) ExpectNoEmptyValue(object, Label(object));
}

TEST(Resources, LabelsOfTheBackendAreNotInherited) {
  for (const Json& object : All(Sample())) {
    SCOPED_TRACE(Label(object));
    EXPECT_EQ(object["metadata"]["labels"].count("app.kubernetes.io/instance"), 0U);
    EXPECT_EQ(object["metadata"]["labels"][api::kManagedByLabel], api::kManagedByValue);
  }
}

TEST(Resources, DataAndCredentialsOutliveTheBackendUnlessToldOtherwise) {
  const auto owned = [](const Json& object) {
    return object["metadata"].contains("ownerReferences");
  };
  const api::Backend retained = Sample();
  const api::Backend deleted = Sample([](Json& spec) { spec["deletionPolicy"] = "Delete"; });
  for (const Json& object : All(retained)) {
    EXPECT_EQ(owned(object), object["kind"] != "Secret") << Label(object);
  }
  for (const Json& object : All(deleted)) EXPECT_TRUE(owned(object)) << Label(object);
  const auto policy = [](const api::Backend& backend) {
    return StringAt(PostgresStatefulSet(backend),
                    {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"});
  };
  EXPECT_EQ(policy(retained), "Retain");
  EXPECT_EQ(policy(deleted), "Delete");
}

TEST(Deployment, LeavesReplicasToTheAutoscaler) {
  const api::Backend backend = Sample();
  EXPECT_EQ(Find(ApiDeployment(backend), {"spec", "replicas"}), nullptr);
  EXPECT_EQ(IntAt(WithReplicas(ApiDeployment(backend), 7), {"spec", "replicas"}), 7);
  EXPECT_EQ(IntAt(WorkerDeployment(backend, backend.workers[0]), {"spec", "replicas"}), 2);
}

TEST(Deployment, TheUsersVariableWinsAndNoNameIsThereTwice) {
  const Json deployment = ApiDeployment(Sample());
  const Json& env = (*Find(deployment, {"spec", "template", "spec", "containers"}))[0]["env"];
  std::vector<std::string> names;
  for (const Json& variable : env) {
    names.push_back(variable["name"]);
    if (variable["name"] == "POOL_SIZE") {
      EXPECT_EQ(variable["value"], "3");
    }
    if (variable["name"] == "EMPTY") {
      EXPECT_FALSE(variable.contains("value"));
    }
  }
  EXPECT_THAT(names, testing::ElementsAre("PORT", "METRICS_PORT", "DATABASE_URL", "REDIS_URL",
                                          "QUEUE_URL", "JWT_KEY_FILE", "SHUTDOWN_DELAY", "GREETING",
                                          "POOL_SIZE", "EMPTY"));
}

TEST(Deployment, AnExternalDatabaseComesFromItsOwnSecret) {
  const Json deployment = ApiDeployment(Sample([](Json& spec) {
    spec["database"] = {{"external", {{"secretRef", {{"name", "rds"}, {"key", "url"}}}}}};
  }));
  EXPECT_THAT(
      deployment.dump(),
      testing::HasSubstr(
          R"("name":"DATABASE_URL","valueFrom":{"secretKeyRef":{"key":"url","name":"rds"})"));
}

TEST(MigrationJob, IsAnotherJobOnlyWhenWhatItRunsChanges) {
  const auto name = [](const std::function<void(Json&)>& change) {
    return StringAt(MigrationJob(Sample(change)), {"metadata", "name"});
  };
  const std::string before = name([](Json&) {});
  EXPECT_THAT(before, testing::MatchesRegex("todo-migrate-[0-9a-f]+"));
  EXPECT_EQ(before.size(), std::string("todo-migrate-").size() + 10);
  EXPECT_NE(before, name([](Json& spec) { spec["image"] = "localhost/todo-api:next"; }));
  EXPECT_NE(before, name([](Json& spec) { spec["migrations"]["command"] = {"todo", "up"}; }));
  EXPECT_EQ(before, name([](Json& spec) { spec["api"]["autoscaling"]["maxReplicas"] = 30; }));
  EXPECT_EQ(before, name([](Json& spec) { spec["api"]["resources"] = Json::object(); }));
}

TEST(DisruptionBudget, ExistsOnlyWhereTwoPodsAreAlwaysThere) {
  EXPECT_TRUE(ApiPodDisruptionBudget(Sample()));
  EXPECT_FALSE(ApiPodDisruptionBudget(
      Sample([](Json& spec) { spec["api"]["autoscaling"]["minReplicas"] = 1; })));
  const api::Backend backend = Sample();
  EXPECT_TRUE(WorkerPodDisruptionBudget(backend, backend.workers[0]));   // replicas 2
  EXPECT_FALSE(WorkerPodDisruptionBudget(backend, backend.workers[1]));  // minReplicas 1
}

TEST(Claims, AStatefulSetKeepsTheTemplatesItWasMadeWith) {
  const Json live = PostgresStatefulSet(Sample());
  const api::Backend larger =
      Sample([](Json& spec) { spec["database"]["postgres"]["storage"]["size"] = "20Gi"; });
  const Json desired = PostgresStatefulSet(larger);
  EXPECT_NE(desired["spec"]["volumeClaimTemplates"], live["spec"]["volumeClaimTemplates"]);
  EXPECT_EQ(WithLiveClaimTemplates(desired, live)["spec"]["volumeClaimTemplates"],
            live["spec"]["volumeClaimTemplates"]);
  EXPECT_EQ(WithLiveClaimTemplates(desired, Json()), desired);

  const Json claim =
      ClaimOfSize(Sample(), "data-todo-postgres-0", Sample().database.postgres->storage);
  EXPECT_EQ(CompareClaim(claim, larger.database.postgres->storage), ClaimChange::kGrow);
  EXPECT_EQ(CompareClaim(claim, Sample().database.postgres->storage), ClaimChange::kNone);
  EXPECT_EQ(CompareClaim(claim, Sample().cache.redis->storage), ClaimChange::kShrink);
  EXPECT_EQ(CompareClaim(Json(), Sample().cache.redis->storage), ClaimChange::kNone);
}

TEST(Credentials, HasEveryKey) {
  Json secret = CredentialsSecret(Sample(), kEntropy);
  EXPECT_EQ(MissingCredentials(secret), "");
  EXPECT_EQ(secret["data"]["username"], "dG9kbw==");
  secret["data"].erase("jwt-key");
  secret["data"].erase("password");
  EXPECT_EQ(MissingCredentials(secret), "password, jwt-key");
  EXPECT_EQ(MissingCredentials(Json()).substr(0, 8), "username");
}

TEST(Resources, LongestNamesFitALabel) {
  Json object = SampleObject();
  object["metadata"]["name"] = std::string(40, 'n');
  object["spec"]["workers"][0]["name"] = std::string(15, 'w');
  const auto backend = api::Parse(object, kDefaults);
  ASSERT_TRUE(backend) << backend.error().message;
  // StatefulSet pods carry "<name>-<10 characters of revision>" as a label.
  for (const Json& resource : All(*backend)) {
    EXPECT_LE(StringAt(resource, {"metadata", "name"}).size(),
              resource["kind"] == "StatefulSet" ? 52U : 63U);
  }
}

}  // namespace
}  // namespace sb::resources
