#include "operator/plan/status.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "operator/api/names.h"
#include "operator/plan/live_condition.h"
#include "operator/plan/scaling_status.h"

namespace sb::plan {
namespace {

using api::ConditionStatus;

Json ComponentOf(const Child& child, const Observed& observed) {
  const Json* live = observed.Find(child.ref.kind, child.ref.name);
  Json component = {{"kind", child.ref.kind}, {"name", child.ref.name}};
  component["ready"] = live ? IntAt(*live, {"status", "readyReplicas"}) : 0;
  component["desired"] = live ? IntAt(*live, {"spec", "replicas"}, 1) : 0;
  const Json* containers = live ? Find(*live, {"spec", "template", "spec", "containers"}) : nullptr;
  if (containers && containers->is_array() && !containers->empty()) {
    component["image"] = StringAt(containers->front(), {"image"});
  }
  return component;
}

std::string SelectorText(const Json& deployment) {
  std::string text;
  const Json* labels = Find(deployment, {"spec", "selector", "matchLabels"});
  if (!labels) return text;
  for (const auto& [name, value] : labels->items()) {
    text += (text.empty() ? "" : ",") + name + "=" + value.get<std::string>();
  }
  return text;
}

const char* MigrationState(const Json* job) {
  if (!job) return "Pending";
  if (IsTrue(*job, "Complete")) return "Succeeded";
  return IsTrue(*job, "Failed") ? "Failed" : "Running";
}

const Json* ConditionOf(const Json& status, std::string_view type) {
  const Json* conditions = Find(status, {"conditions"});
  if (!conditions || !conditions->is_array()) return nullptr;
  for (const Json& condition : *conditions) {
    if (StringAt(condition, {"type"}) == type) return &condition;
  }
  return nullptr;
}

}  // namespace

std::vector<api::Condition> Conditions(const Findings& findings, std::int64_t generation) {
  std::vector<api::Condition> conditions;
  std::vector<Finding> all;
  for (const auto& [type, finding] : findings) {
    conditions.push_back({type, finding.status, finding.reason, finding.message, generation});
    // Metrics on their way do not hold Ready up: the pods serve, and the count is right until shown
    // wrong.
    const bool waiting_only =
        type == api::condition::kScalingActive && finding.status == ConditionStatus::kUnknown;
    if (!waiting_only) all.push_back(finding);
  }
  const Finding worst = Worst(all, {ConditionStatus::kTrue, api::reason::kReady, "", false});
  if (worst.ready()) {
    conditions.push_back({api::condition::kReady, ConditionStatus::kTrue, api::reason::kReady,
                          "every component is ready", generation});
    return conditions;
  }
  conditions.push_back(
      {api::condition::kReady, ConditionStatus::kFalse, worst.reason, worst.message, generation});
  conditions.push_back({worst.stalled ? api::condition::kStalled : api::condition::kReconciling,
                        ConditionStatus::kTrue, worst.reason, worst.message, generation});
  return conditions;
}

Json WithConditions(Json old_status, std::int64_t generation,
                    const std::vector<api::Condition>& conditions, WallTime now) {
  Json status = old_status.is_object() ? old_status : Json::object();
  status["observedGeneration"] = generation;
  status["conditions"] = api::MergeConditions(old_status, conditions, now);
  return status;
}

Json MakeStatus(const Json& old_status, const api::Backend& backend,
                const std::vector<Child>& desired, const std::vector<api::Condition>& conditions,
                const Observed& observed, WallTime now) {
  Json status = {{"observedGeneration", backend.generation},
                 {"conditions", api::MergeConditions(old_status, conditions, now)},
                 {"image", backend.image},
                 {"components", Json::array()}};
  for (const Child& child : desired) {
    if (child.ref.kind == "Deployment" || child.ref.kind == "StatefulSet") {
      status["components"].push_back(ComponentOf(child, observed));
    }
    if (child.ref.kind == "Job") {
      status["migration"] = {{"job", child.ref.name},
                             {"state", MigrationState(observed.Find("Job", child.ref.name))}};
    }
    if (child.ref.kind == "Deployment" && child.workload == &backend.api) {
      const Json* live = observed.Find("Deployment", child.ref.name);
      status["replicas"] = live ? IntAt(*live, {"status", "replicas"}) : 0;
      status["readyReplicas"] = live ? IntAt(*live, {"status", "readyReplicas"}) : 0;
      status["selector"] = SelectorText(child.object);
    }
  }
  if (Json scaling = ScalingStatus(old_status, backend, observed); !scaling.is_null()) {
    status["autoscaling"] = std::move(scaling);
  }
  return status;
}

std::vector<Event> EventsFor(const Json& old_status, const Json& status) {
  constexpr std::array<std::string_view, 4> kTold = {
      api::condition::kReady, api::condition::kStalled, api::condition::kMigrationSucceeded,
      api::condition::kScalingActive};
  std::vector<Event> events;
  for (std::string_view type : kTold) {
    const Json* now = ConditionOf(status, type);
    if (!now || StringAt(*now, {"status"}) == "Unknown") continue;
    const Json* before = ConditionOf(old_status, type);
    const auto same = [&](const char* field) {
      return before && StringAt(*before, {field}) == StringAt(*now, {field});
    };
    if (same("status") && same("reason")) continue;
    const bool good = (StringAt(*now, {"status"}) == "True") != (type == api::condition::kStalled);
    // Not ready yet is no news: what is wrong has its own condition, and Ready tells when all is
    // well.
    if (!good && type == api::condition::kReady) continue;
    events.push_back({!good, StringAt(*now, {"reason"}), StringAt(*now, {"message"})});
  }
  return events;
}

}  // namespace sb::plan
