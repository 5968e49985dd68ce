// A cluster in a map, for tests of the plan: it takes actions and plays the controllers that set
// statuses.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "operator/api/names.h"
#include "operator/plan/applied.h"
#include "operator/plan/plan.h"

namespace sb::plan::testing {

inline Json SampleBackend() {
  std::ifstream file(std::string(SB_TEST_DIR) + "/../resources/testdata/backend.json");
  return Json::parse(file);
}

inline api::OperatorDefaults Defaults() {
  return {.todo_image = "todo:1",
          .postgres_image = "postgres:1",
          .redis_image = "redis:1",
          .prometheus_url = "http://prometheus:9090"};
}

class FakeCluster {
 public:
  explicit FakeCluster(Json resource = SampleBackend()) : backend(std::move(resource)) {
    observed.storage_classes = {{"fast", false}, {"standard", true}};
    observed.entropy = {.postgres_password = std::string(40, 'p'),
                        .redis_password = std::string(40, 'r'),
                        .jwt_key = std::string(40, 'j')};
  }

  Plan Make() const { return MakePlan(backend, Defaults(), observed, now); }

  // Whether carrying `action` out would change anything; what the executor decides with
  // kube::Covers.
  bool IsPending(const Action& action) const {
    const Json* live = observed.Find(action.child.kind, action.child.name);
    return action.verb != Verb::kApply || !live || !IsCurrent(action.object, *live);
  }

  void Execute(const Action& action) {
    if (action.verb == Verb::kDelete) {
      observed.children.erase(action.child);
      return;
    }
    const Json* live = observed.Find(action.child.kind, action.child.name);
    Json object = live ? *live : Json::object();
    const Json owners = Owners(object, action);
    object.merge_patch(action.object);
    if (!Find(object, {"metadata", "generation"})) object["metadata"]["generation"] = 0;
    object["metadata"]["uid"] = action.child.kind + "-" + action.child.name;
    object["metadata"]["creationTimestamp"] = FormatTime(now);
    object["metadata"]["generation"] = IntAt(object, {"metadata", "generation"}) + 1;
    if (action.child.kind == "Deployment") object["metadata"]["managedFields"] = owners;
    Put(action.child, std::move(object));
  }

  // Plans and executes until nothing is pending; the status is written each time.
  Plan Settle() {
    Plan plan = Make();
    for (int pass = 0; pass < 20; ++pass) {
      bool changed = Find(backend, {"status"}) == nullptr || backend["status"] != plan.status;
      backend["status"] = plan.status;
      for (const Action& action : plan.actions) {
        if (!IsPending(action)) continue;
        Execute(action);
        changed = true;
      }
      plan = Make();
      if (!changed) return plan;
    }
    return plan;
  }

  // What the controllers of the cluster do once pods are up.
  void MakeReady(const std::string& kind, const std::string& name, int replicas = 1) {
    Json object = *observed.children.at({kind, name});
    if (kind == "Job") {
      object["status"]["conditions"] = {{{"type", "Complete"}, {"status", "True"}}};
    } else {
      const auto count = IntAt(object, {"spec", "replicas"}, replicas);
      object["status"] = {{"observedGeneration", IntAt(object, {"metadata", "generation"})},
                          {"replicas", count},
                          {"updatedReplicas", count},
                          {"readyReplicas", count},
                          {"availableReplicas", count}};
    }
    Put({kind, name}, std::move(object));
  }

  std::string MigrationJob() const {
    for (const auto& [ref, object] : observed.children) {
      if (ref.kind == "Job") return ref.name;
    }
    return "";
  }

  // Until everything is up.
  Plan BringUp() {
    Settle();
    MakeReady("StatefulSet", "todo-postgres");
    MakeReady("StatefulSet", "todo-redis");
    Settle();
    MakeReady("Job", MigrationJob());
    Settle();
    for (const char* name : {"todo-api", "todo-worker-default", "todo-worker-mail"}) {
      MakeReady("Deployment", name);
    }
    for (const char* name : {"todo-api", "todo-worker-mail"}) SetScalingActive(name, true);
    observed.metrics[{"api", "requests-per-pod"}] = {MetricEvidence::State::kFresh};
    observed.metrics[{"worker/mail", "backlog"}] = {MetricEvidence::State::kFresh};
    now += std::chrono::minutes(5);
    return Settle();
  }

  void SetScalingActive(const std::string& name, bool active) {
    Json object = *observed.children.at({"HorizontalPodAutoscaler", name});
    object["status"]["conditions"] = {
        {{"type", "ScalingActive"},
         {"status", active ? "True" : "False"},
         {"reason", active ? "ValidMetricFound" : "FailedGetExternalMetric"},
         {"message", "the HPA says so"}}};
    Put({"HorizontalPodAutoscaler", name}, std::move(object));
  }

  void Put(const ChildRef& ref, Json object) {
    observed.children[ref] = std::make_shared<const Json>(std::move(object));
  }

  void AddPod(Json pod) { observed.pods.push_back(std::make_shared<const Json>(std::move(pod))); }

  std::string ConditionText(const std::string& type, const char* field = "status") const {
    const Json* conditions = Find(backend, {"status", "conditions"});
    if (!conditions) return "";
    for (const Json& condition : *conditions) {
      if (StringAt(condition, {"type"}) == type) return StringAt(condition, {field});
    }
    return "";
  }

  Json backend;
  Observed observed;
  WallTime now = *ParseTime("2026-11-23T12:00:00Z");

 private:
  // managedFields of spec.replicas after `action`, as server-side apply keeps them.
  static Json Owners(const Json& live, const Action& action) {
    Json owners = Json::array();
    if (const Json* before = Find(live, {"metadata", "managedFields"})) {
      for (const Json& owner : *before) {
        if (StringAt(owner, {"manager"}) != action.manager) owners.push_back(owner);
      }
    }
    if (Find(action.object, {"spec", "replicas"})) {
      owners.push_back({{"manager", action.manager},
                        {"operation", "Apply"},
                        {"fieldsV1", {{"f:spec", {{"f:replicas", Json::object()}}}}}});
    }
    return owners;
  }
};

}  // namespace sb::plan::testing
