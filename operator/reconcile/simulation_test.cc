// The whole operator against an API server in memory: what a user would lose if it died at the
// wrong moment, wrote when nothing changed, or overwrote what is not its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <fstream>

#include "operator/api/names.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/reconcile/controller.h"
#include "operator/reconcile/kinds.h"

namespace sb::reconcile {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Crash {};

const kube::ObjectKey kKey{"shop", "todo"};

Json Sample() {
  std::ifstream file(std::string(SB_TEST_DIR) + "/../resources/testdata/backend.json");
  return Json::parse(file);
}

std::string ConditionOf(const Json& object, const std::string& type, const char* field = "status") {
  const Json* conditions = Find(object, {"status", "conditions"});
  if (!conditions) return "";
  for (const Json& condition : *conditions) {
    if (StringAt(condition, {"type"}) == type) return StringAt(condition, {field});
  }
  return "";
}

// The rest of the cluster: pods come up at once, Jobs succeed.
class Cluster {
 public:
  Cluster() {
    server.Put(Backends(), Sample());
    server.Put(kube::StorageClasses(), {{"apiVersion", "storage.k8s.io/v1"},
                                        {"kind", "StorageClass"},
                                        {"metadata", {{"name", "fast"}}}});
  }

  // One step of every controller and kubelet; whether anything changed.
  bool Play() {
    bool changed = false;
    for (const auto* resource : {&kube::Deployments(), &kube::StatefulSets()}) {
      for (const Json& object : server.List(*resource, kKey.namespace_)) {
        changed |= SetStatus(*resource, object, WorkloadStatus(object));
      }
    }
    for (const Json& job : server.List(kube::Jobs(), kKey.namespace_)) {
      changed |= SetStatus(kube::Jobs(), job,
                           {{"conditions", {{{"type", "Complete"}, {"status", "True"}}}}});
    }
    for (const Json& hpa : server.List(kube::HorizontalPodAutoscalers(), kKey.namespace_)) {
      changed |= SetStatus(
          kube::HorizontalPodAutoscalers(), hpa,
          {{"conditions", {{{"type", "ScalingActive"}, {"status", "True"}, {"reason", "Valid"}}}}});
    }
    return changed;
  }

  // Specs and labels of every child, without what the server makes up.
  std::map<std::string, Json> Children() const {
    std::map<std::string, Json> children;
    for (const Kind& kind : ChildKinds()) {
      for (Json object : server.List(kind.resource, kKey.namespace_)) {
        const std::string name = kind.resource.kind + "/" + StringAt(object, {"metadata", "name"});
        object.erase("status");
        for (const char* field :
             {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}) {
          object["metadata"].erase(field);
        }
        if (kind.resource.kind == "Secret") object.erase("data");  // random
        children[name] = std::move(object);
      }
    }
    return children;
  }

  Json Backend() const { return *server.Get(Backends(), kKey); }

  mutable kube::FakeApiServer server;

 private:
  static Json WorkloadStatus(const Json& object) {
    const auto count = IntAt(object, {"spec", "replicas"}, 1);
    return {{"observedGeneration", IntAt(object, {"metadata", "generation"})},
            {"replicas", count},
            {"updatedReplicas", count},
            {"readyReplicas", count},
            {"availableReplicas", count}};
  }

  bool SetStatus(const kube::Resource& resource, const Json& object, const Json& status) {
    if (object.value("status", Json()) == status) return false;
    return server.Edit(resource, kube::KeyOf(object), [&](Json& live) { live["status"] = status; });
  }
};

// One life of the operator, from its start to its crash or end.
class Operator {
 public:
  explicit Operator(Cluster& cluster)
      : cluster_(cluster),
        client_(cluster.server),
        metrics_(registry_),
        sampler_(
            [](const scaling::Source&, Duration) -> Expected<promql::InstantVector> {
              return Fail(ErrorCode::kUnavailable, "no Prometheus here");
            },
            SystemClock(), {.threads = 0}),
        view_(client_,
              {.on_backend = [](const auto&, const auto&) {}, .on_dependency = [](const auto&) {}}),
        recorder_(client_, {.instance = "test"}),
        queue_("test"),
        controller_(client_, view_, sampler_, recorder_, queue_, metrics_,
                    {.defaults = {.todo_image = "todo:1",
                                  .postgres_image = "postgres:1",
                                  .redis_image = "redis:1",
                                  .prometheus_url = "http://prometheus"},
                     .metrics_api = [] { return plan::MetricsApi{}; }}) {
    view_.Start();
    EXPECT_TRUE(view_.WaitForSync(10s, {}));
  }

  Expected<kube::Result> Reconcile() {
    // One watch a kind of child, and those of backends and StorageClasses.
    EXPECT_TRUE(cluster_.server.WaitForWatchers(60s, ChildKinds().size() + 2));
    return controller_.Reconcile(kKey);
  }

  // Passes over the backend, with the cluster playing along, until nothing changes any more.
  void Settle() {
    bool quiet = false;
    for (int pass = 0; pass < 100 && !quiet; ++pass) {
      cluster_.server.ClearRequests();
      const auto result = Reconcile();
      const bool wrote = !cluster_.server.writes().empty();
      quiet = !cluster_.Play() && !wrote && result;
    }
    EXPECT_TRUE(quiet) << "still writing: " << ::testing::PrintToString(cluster_.server.writes());
    recorder_.Flush(5s);
  }

 private:
  Cluster& cluster_;
  kube::Client client_;
  prometheus::Registry registry_;
  ReconcileMetrics metrics_;
  scaling::Sampler sampler_;
  ClusterView view_;
  kube::EventRecorder recorder_;
  kube::WorkQueue queue_;
  Controller controller_;
};

TEST(SimulationTest, BringsABackendUpAndThenWritesNothing) {
  Cluster cluster;
  Operator op(cluster);
  op.Settle();
  EXPECT_EQ(ConditionOf(cluster.Backend(), "APIReady"), "True")
      << cluster.Backend()["status"].dump(1);
  EXPECT_EQ(ConditionOf(cluster.Backend(), "MigrationSucceeded"), "True");
  EXPECT_EQ(IntAt(cluster.Backend(), {"status", "observedGeneration"}),
            IntAt(cluster.Backend(), {"metadata", "generation"}));
  auto api = cluster.server.Get(kube::Deployments(), {"shop", "todo-api"});
  ASSERT_TRUE(api);
  EXPECT_EQ(IntAt(*api, {"spec", "replicas"}), 2);

  cluster.server.ClearRequests();
  for (int pass = 0; pass < 5; ++pass) EXPECT_TRUE(op.Reconcile());
  EXPECT_THAT(cluster.server.writes(), IsEmpty());
}

TEST(SimulationTest, ARestartedOperatorWritesNothing) {
  Cluster cluster;
  Operator(cluster).Settle();
  cluster.server.ClearRequests();
  Operator next(cluster);
  for (int pass = 0; pass < 3; ++pass) EXPECT_TRUE(next.Reconcile());
  EXPECT_THAT(cluster.server.writes(), IsEmpty());
}

// Killed before any of its writes, the next operator finishes the job: the same objects, the same
// credentials.
TEST(SimulationTest, DyingBeforeAnyWriteEndsInTheSameObjects) {
  Cluster whole;
  Operator(whole).Settle();
  const auto expected = whole.Children();
  for (int fatal = 0;; ++fatal) {
    Cluster cluster;
    int writes = 0;
    bool crashed = false;
    cluster.server.OnRequest([&](const kube::Request& request) {
      if (request.method == "GET" || crashed || request.path.find("/events") != std::string::npos)
        return;
      if (writes++ == fatal) {
        crashed = true;
        throw Crash{};
      }
    });
    std::optional<Json> credentials;
    {
      Operator op(cluster);
      try {
        op.Settle();
      } catch (const Crash&) {
        credentials = cluster.server.Get(kube::Secrets(), {"shop", "todo-credentials"});
      }
    }
    if (!crashed) break;
    Operator(cluster).Settle();
    EXPECT_EQ(cluster.Children(), expected) << "died before write " << fatal;
    if (credentials) {
      EXPECT_EQ((*cluster.server.Get(kube::Secrets(), {"shop", "todo-credentials"}))["data"],
                (*credentials)["data"]);
    }
    ASSERT_LT(fatal, 100);
  }
}

// The autoscaler's count survives everything that the operator does.
TEST(SimulationTest, NeverMovesTheCountOfAnAutoscaledDeployment) {
  Cluster cluster;
  Operator op(cluster);
  op.Settle();
  cluster.server.Edit(kube::Deployments(), {"shop", "todo-api"},
                      [](Json& live) { live["spec"]["replicas"] = 7; });
  cluster.server.Edit(Backends(), kKey, [](Json& live) { live["spec"]["image"] = "todo:2"; });
  op.Settle();
  auto api = cluster.server.Get(kube::Deployments(), {"shop", "todo-api"});
  EXPECT_EQ(IntAt(*api, {"spec", "replicas"}), 7);
  EXPECT_EQ((*api)["spec"]["template"]["spec"]["containers"][0]["image"], "todo:2");
}

TEST(SimulationTest, PutsBackWhatSomebodyElseChanged) {
  Cluster cluster;
  Operator op(cluster);
  op.Settle();
  cluster.server.Edit(kube::Services(), {"shop", "todo-api"},
                      [](Json& live) { live["spec"]["ports"][0]["targetPort"] = "elsewhere"; });
  cluster.server.Remove(kube::Services(), {"shop", "todo-redis"});
  op.Settle();
  EXPECT_EQ((*cluster.server.Get(kube::Services(),
                                 {"shop", "todo-api"}))["spec"]["ports"][0]["targetPort"],
            "http");
  EXPECT_TRUE(cluster.server.Get(kube::Services(), {"shop", "todo-redis"}));
}

TEST(SimulationTest, AChildWithoutItsLabelsIsStillOurs) {
  Cluster cluster;
  Operator op(cluster);
  op.Settle();
  cluster.server.Edit(kube::Services(), {"shop", "todo-api"},
                      [](Json& live) { live["metadata"]["labels"][api::kNameLabel] = "other"; });
  op.Settle();
  EXPECT_EQ(StringAt(*cluster.server.Get(kube::Services(), {"shop", "todo-api"}),
                     {"metadata", "labels", api::kNameLabel}),
            "todo");
}

TEST(SimulationTest, LeavesAForeignObjectAloneAndSaysSo) {
  Cluster cluster;
  cluster.server.Put(kube::Services(), {{"apiVersion", "v1"},
                                        {"kind", "Service"},
                                        {"metadata", {{"name", "todo-api"}, {"namespace", "shop"}}},
                                        {"spec", {{"externalName", "elsewhere"}}}});
  Operator op(cluster);
  op.Settle();
  EXPECT_EQ((*cluster.server.Get(kube::Services(), {"shop", "todo-api"}))["spec"],
            Json({{"externalName", "elsewhere"}}));
  EXPECT_EQ(ConditionOf(cluster.Backend(), "Stalled", "reason"), "NameTaken");
  EXPECT_THAT(ConditionOf(cluster.Backend(), "Stalled", "message"), HasSubstr("Service todo-api"));
}

TEST(SimulationTest, WhatTheServerRefusesIsToldWithTheChildsName) {
  Cluster cluster;
  cluster.server.FailNext({.method = "PATCH", .path_contains = "/services/todo-api", .times = -1},
                          403);
  Operator op(cluster);
  for (int pass = 0; pass < 20; ++pass) {
    auto result = op.Reconcile();
    cluster.Play();
  }
  EXPECT_EQ(ConditionOf(cluster.Backend(), "Ready"), "False");
  EXPECT_EQ(ConditionOf(cluster.Backend(), "APIReady", "reason"), "ApplyFailed");
  EXPECT_THAT(ConditionOf(cluster.Backend(), "APIReady", "message"), HasSubstr("Service todo-api"));
  cluster.server.ClearFaults();
  op.Settle();
  EXPECT_EQ(ConditionOf(cluster.Backend(), "APIReady"), "True");
}

// Two GitOps incidents in one: a credential lost while the cache is behind, and a password that no
// longer fits the data.
TEST(SimulationTest, ExistingCredentialsAreNeverReplaced) {
  Cluster cluster;
  Operator(cluster).Settle();
  const Json before = (*cluster.server.Get(kube::Secrets(), {"shop", "todo-credentials"}))["data"];
  cluster.server.Remove(Backends(), kKey);
  cluster.server.CollectGarbage();
  EXPECT_FALSE(cluster.server.Get(kube::Deployments(), {"shop", "todo-api"}));
  Json again = Sample();
  again["metadata"]["uid"] = "00000000-0000-0000-0000-00000000000b";
  cluster.server.Put(Backends(), again);
  Operator(cluster).Settle();
  EXPECT_TRUE(cluster.server.Get(kube::Deployments(), {"shop", "todo-api"}));
  EXPECT_EQ((*cluster.server.Get(kube::Secrets(), {"shop", "todo-credentials"}))["data"], before);
}

TEST(SimulationTest, ANamespaceThatIsGoingIsLeftInPeace) {
  Cluster cluster;
  Operator op(cluster);
  op.Settle();
  cluster.server.Remove(kube::Services(), {"shop", "todo-redis"});
  cluster.server.FailNext({.method = "PATCH", .times = -1}, 403,
                          "Forbidden: unable to create new content because it is being terminated");
  cluster.server.ClearRequests();
  for (int pass = 0; pass < 5; ++pass) EXPECT_TRUE(op.Reconcile());
  int refused = 0;
  for (const auto& request : cluster.server.requests()) refused += request.status == 403;
  EXPECT_LE(refused, 1);
}

}  // namespace
}  // namespace sb::reconcile
