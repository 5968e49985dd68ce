#include "operator/plan/scaling_condition.h"

#include <string>
#include <utility>
#include <vector>

#include "operator/api/autoscaled.h"
#include "operator/api/names.h"

namespace sb::plan {
namespace {

using api::ConditionStatus;
using State = MetricEvidence::State;

// A new Deployment has no samples until it was scraped twice and the HPA has looked once (15 s).
constexpr std::chrono::seconds kGrace{60};

// One autoscaled workload.
struct Target {
  std::string key;    // in Observed::metrics
  std::string field;  // in the spec
  std::string child;  // name of Deployment and HPA
  const api::Autoscaling* autoscaling;
};

std::vector<Target> Targets(const api::Backend& backend) {
  std::vector<Target> targets;
  api::ForEachAutoscaled(backend, [&](const std::string& target, const std::string& child,
                                      const api::Workload& workload) {
    const std::string worker(api::WorkerOf(target));
    targets.push_back({target, worker.empty() ? "spec.api" : "spec.workers[" + worker + "]", child,
                       &*workload.autoscaling});
  });
  return targets;
}

Finding Inactive(std::string reason, std::string message) {
  return {ConditionStatus::kFalse, std::move(reason), std::move(message), false};
}

Finding Waiting(std::string message) {
  return {ConditionStatus::kUnknown, api::reason::kWaitingForMetrics, std::move(message), false};
}

// "2m", "90s": as the spec would say it.
std::string Span(std::chrono::seconds span) {
  const auto count = span.count();
  return count % 60 == 0 ? std::to_string(count / 60) + "m" : std::to_string(count) + "s";
}

// What becomes of the count meanwhile.
std::string Meanwhile(const api::Autoscaling& autoscaling) {
  if (!autoscaling.fallback) return "; replicas hold";
  return "; replicas hold for " + Span(autoscaling.fallback->after) + ", then the fallback counts";
}

std::optional<Finding> EvidenceFault(const std::string& field, const MetricEvidence& evidence,
                                     const api::Autoscaling& autoscaling,
                                     const std::string& prometheus_url) {
  const std::string meanwhile = Meanwhile(autoscaling);
  switch (evidence.state) {
    case State::kFresh:
      return std::nullopt;
    case State::kUnknown:
      return Waiting(field + ": not asked yet");
    case State::kEmpty:
      return Inactive(api::reason::kQueryEmpty,
                      field + ": the query matches nothing at " + prometheus_url + meanwhile +
                          ". Check its labels and that Prometheus scrapes the pods");
    case State::kStale:
      return Inactive(
          api::reason::kPrometheusUnreachable,
          field + ": no fresh sample from " + prometheus_url + ": " + evidence.error + meanwhile);
    case State::kFailed:
      break;
  }
  const auto failed = [&](const char* reason, const std::string& what_to_do) {
    return Inactive(reason, field + ": " + evidence.error + meanwhile + what_to_do);
  };
  switch (evidence.fault) {
    case MetricEvidence::Fault::kRejected:
      return failed(api::reason::kQueryFailed, ". Mend the query, which went to " + prometheus_url);
    case MetricEvidence::Fault::kCredentialsMissing:
      return failed(api::reason::kCredentialsMissing, "");  // the error says what to do
    case MetricEvidence::Fault::kCredentialsRefused:
      return failed(api::reason::kCredentialsRefused,
                    ". Check the Secrets that spec.monitoring.prometheus names");
    case MetricEvidence::Fault::kUnreachable:
      break;
  }
  return failed(api::reason::kPrometheusUnreachable,
                ". Check that " + prometheus_url + " is up and reachable");
}

// The same for what is read from pods, whose error says what it is about.
std::optional<Finding> PodEvidenceFault(const std::string& field, const MetricEvidence& evidence,
                                        const api::Autoscaling& autoscaling) {
  if (evidence.state == State::kFresh) return std::nullopt;
  if (evidence.state == State::kUnknown) return Waiting(field + ": not read yet");
  return Inactive(
      evidence.state == State::kEmpty ? api::reason::kQueryEmpty : api::reason::kMetricsUnavailable,
      field + ": " + evidence.error + Meanwhile(autoscaling));
}

Finding HpaFinding(const Target& target, const Observed& observed) {
  const std::string name = "HorizontalPodAutoscaler " + target.child;
  const Json* autoscaler = observed.Find("HorizontalPodAutoscaler", target.child);
  const Json* conditions = autoscaler ? Find(*autoscaler, {"status", "conditions"}) : nullptr;
  if (conditions && conditions->is_array()) {
    for (const Json& condition : *conditions) {
      if (StringAt(condition, {"type"}) != "ScalingActive") continue;
      if (StringAt(condition, {"status"}) == "True") {
        return {ConditionStatus::kTrue, api::reason::kMetricsFresh,
                name + " scales on fresh metrics", false};
      }
      return Inactive(api::reason::kHpaInactive, name + ": " + StringAt(condition, {"message"}) +
                                                     " (" + StringAt(condition, {"reason"}) + ")");
    }
  }
  return Waiting(name + " has not looked yet");
}

Finding TargetFinding(const api::Backend& backend, const Target& target, const Observed& observed) {
  bool external = false;
  const bool direct = target.autoscaling->engine == api::Engine::kDirect;
  if (target.autoscaling->paused) {
    return {ConditionStatus::kTrue, api::reason::kPaused,
            target.field + ".autoscaling.paused is true: the count of Deployment " + target.child +
                " stays",
            false};
  }
  for (std::size_t i = 0; i < target.autoscaling->metrics.size(); ++i) {
    const api::Metric& metric = target.autoscaling->metrics[i];
    if (metric.type == api::MetricType::kResource && !direct) continue;
    external = true;
    auto known = observed.metrics.find({target.key, metric.name});
    const MetricEvidence evidence =
        known == observed.metrics.end() ? MetricEvidence{} : known->second;
    const std::string field =
        target.field + ".autoscaling.metrics[" + std::to_string(i) + "] \"" + metric.name + "\"";
    // A metric of pods, in a workload without any: nothing is wrong.
    const bool of_pods =
        metric.type == api::MetricType::kResource || metric.type == api::MetricType::kRequests;
    if (of_pods && evidence.state == State::kEmpty && target.autoscaling->min_replicas == 0) {
      continue;
    }
    const auto fault =
        metric.type == api::MetricType::kPrometheus
            ? EvidenceFault(field, evidence, *target.autoscaling, backend.prometheus_url)
            : PodEvidenceFault(field, evidence, *target.autoscaling);
    if (fault) return *fault;
  }
  if (direct) {
    return {ConditionStatus::kTrue, api::reason::kMetricsFresh,
            "Deployment " + target.child + " is scaled on fresh metrics", false};
  }
  if (external && !observed.metrics_api.ours) {
    return Inactive(api::reason::kMetricsApiForeign, observed.metrics_api.problem);
  }
  return HpaFinding(target, observed);
}

// How much longer the workload counts as new; nothing if it does not.
std::optional<Duration> GraceLeft(const Target& target, const Observed& observed, WallTime now) {
  const Json* deployment = observed.Find("Deployment", target.child);
  if (!deployment) return kGrace;
  auto created = ParseTime(StringAt(*deployment, {"metadata", "creationTimestamp"}));
  if (!created || now - *created >= kGrace) return std::nullopt;
  return std::chrono::duration_cast<Duration>(*created + kGrace - now) + std::chrono::seconds(1);
}

}  // namespace

std::optional<ScalingFinding> ScalingCondition(const api::Backend& backend,
                                               const Observed& observed, WallTime now) {
  const std::vector<Target> targets = Targets(backend);
  if (targets.empty()) return std::nullopt;
  std::vector<Finding> findings;
  std::optional<Duration> look_again;
  for (const Target& target : targets) {
    Finding finding = TargetFinding(backend, target, observed);
    const bool young_fault =
        finding.status == ConditionStatus::kFalse &&
        (finding.reason == api::reason::kQueryEmpty || finding.reason == api::reason::kHpaInactive);
    if (auto left = GraceLeft(target, observed, now); left && young_fault) {
      finding =
          Waiting("Deployment " + target.child + " is new: its first samples are on their way");
      look_again = look_again ? std::min(*look_again, *left) : *left;
    }
    findings.push_back(std::move(finding));
  }
  return ScalingFinding{Worst(findings, {}), look_again};
}

}  // namespace sb::plan
