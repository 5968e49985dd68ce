#include "operator/plan/scaling_status.h"

#include <set>
#include <utility>

#include "operator/api/autoscaled.h"
#include "operator/api/names.h"
#include "operator/plan/live_condition.h"

namespace sb::plan {
namespace {

// Reasons of an HPA that works. A noisy metric makes it go from one to the other at each sync, with
// the same count.
bool IsWell(const std::string& rule) {
  static const std::set<std::string> kWell = {"",
                                              "DesiredWithinRange",
                                              "TooFewReplicas",
                                              "TooManyReplicas",
                                              "ScaleUpLimit",
                                              "ScaleDownLimit",
                                              "ReadyForNewScale",
                                              "SucceededRescale",
                                              "SucceededGetScale",
                                              "ScaleDownStabilized",
                                              "ScaleUpStabilized"};
  return kWell.contains(rule);
}

// The rule of a count that former days have raised (scaling::Rule::kAnticipation).
constexpr const char* kAnticipation = "Anticipation";

// Whether two entries tell the same: engine, count and rule.
bool SameEntry(const Json& a, const Json& b) {
  const bool hpa = StringAt(a, {"engine"}) == "HPA";
  if (hpa && IsWell(StringAt(a, {"rule"})) && IsWell(StringAt(b, {"rule"}))) {
    return StringAt(b, {"engine"}) == "HPA" &&
           IntAt(a, {"desired"}, -1) == IntAt(b, {"desired"}, -1) &&
           IntAt(a, {"current"}, -1) == IntAt(b, {"current"}, -1);
  }
  for (const char* field : {"engine", "rule", "metric"}) {
    if (StringAt(a, {field}) != StringAt(b, {field})) return false;
  }
  return IntAt(a, {"desired"}, -1) == IntAt(b, {"desired"}, -1) &&
         IntAt(a, {"current"}, -1) == IntAt(b, {"current"}, -1);
}

// What the stock controller says of itself. Its messages hold no figures that change by themselves.
Json HpaEntry(const Json& autoscaler, int current) {
  Json entry = {{"engine", "HPA"},
                {"desired", IntAt(autoscaler, {"status", "desiredReplicas"}, current)},
                {"current", current}};
  const Json* active = LiveCondition(autoscaler, "ScalingActive");
  const Json* limited = LiveCondition(autoscaler, "ScalingLimited");
  const Json* able = LiveCondition(autoscaler, "AbleToScale");
  const auto is = [](const Json* condition, const char* status) {
    return condition && StringAt(*condition, {"status"}) == status;
  };
  const Json* why = is(active, "False") ? active : is(limited, "True") ? limited : able;
  if (!why) return entry;
  entry["rule"] = StringAt(*why, {"reason"});
  entry["reason"] = StringAt(*why, {"message"});
  return entry;
}

Json DirectEntry(const ScalingState& state, int current) {
  Json entry = {{"engine", "Direct"}, {"desired", state.desired}, {"current", current},
                {"rule", state.rule}, {"reason", state.reason},   {"at", FormatTime(state.at)}};
  if (!state.metric.empty()) {
    entry["metric"] = state.metric;
    entry["value"] = state.value;
    entry["target"] = state.target;
    entry["evidenceAgeSeconds"] = state.evidence_age_seconds;
  }
  return entry;
}

// Null: nothing is known.
Json EntryOf(const Json* old, const api::Autoscaling& autoscaling, const std::string& target,
             const std::string& child, const Observed& observed) {
  const Json* live = observed.Find("Deployment", child);
  const int current = live ? static_cast<int>(IntAt(*live, {"spec", "replicas"}, 1)) : 0;
  Json entry;
  if (autoscaling.engine == api::Engine::kDirect) {
    const auto state = observed.scaling.find(target);
    if (state != observed.scaling.end()) entry = DirectEntry(state->second, current);
  } else if (autoscaling.paused) {
    entry = {{"engine", "HPA"},
             {"desired", current},
             {"current", current},
             {"rule", "Paused"},
             {"reason", "autoscaling is paused"}};
  } else if (const Json* autoscaler = observed.Find("HorizontalPodAutoscaler", child)) {
    entry = HpaEntry(*autoscaler, current);
    if (IntAt(entry, {"desired"}) == autoscaling.hpa_min_replicas) {
      const auto floor = observed.anticipated.find(target);
      const bool loading = floor != observed.anticipated.end() && floor->second.loading;
      const bool was_raised = old && StringAt(*old, {"rule"}) == kAnticipation;
      if (!autoscaling.hpa_min_why.empty()) {
        entry["rule"] = kAnticipation;
        entry["reason"] = autoscaling.hpa_min_why;
      } else if (loading && was_raised) {
        entry["rule"] = kAnticipation;  // as the operator before this one has said
        entry["reason"] = StringAt(*old, {"reason"});
      }
    }
  }
  if (entry.is_null()) return old ? *old : Json();
  return old && SameEntry(*old, entry) ? *old : entry;
}

}  // namespace

const Json* ScalingEntry(const Json& status, std::string_view target) {
  if (target == api::kApiTarget) return Find(status, {"autoscaling", "api"});
  const Json* workers = Find(status, {"autoscaling", "workers"});
  const std::string_view name = api::WorkerOf(target);
  if (!workers || !workers->is_array() || name.empty()) return nullptr;
  for (const Json& worker : *workers) {
    if (StringAt(worker, {"name"}) == name) return &worker;
  }
  return nullptr;
}

Json ScalingStatus(const Json& old_status, const api::Backend& backend, const Observed& observed) {
  Json status = Json::object();
  api::ForEachAutoscaled(backend, [&](const std::string& target, const std::string& child,
                                      const api::Workload& workload) {
    Json entry =
        EntryOf(ScalingEntry(old_status, target), *workload.autoscaling, target, child, observed);
    if (entry.is_null()) return;
    const std::string_view worker = api::WorkerOf(target);
    if (worker.empty()) {
      status["api"] = std::move(entry);
    } else {
      entry["name"] = worker;
      status["workers"].push_back(std::move(entry));
    }
  });
  return status.empty() ? Json() : status;
}

}  // namespace sb::plan
