#include "operator/podmetrics/resource_values.h"

#include <algorithm>
#include <utility>

namespace sb::podmetrics {
namespace {

// Defaults of kube-controller-manager: --horizontal-pod-autoscaler-cpu-initialization-period and
// --horizontal-pod-autoscaler-initial-readiness-delay.
constexpr std::chrono::minutes kInitialization{5};
constexpr std::chrono::seconds kReadinessDelay{30};
// metrics-server looks every 15 s; what is older says nothing of now.
constexpr std::chrono::minutes kOldest{5};

enum class State { kCounts, kUnready, kMissing };

const Usage* UsageOf(const Pod& pod, const std::map<std::string, Usage>& usage, WallTime now) {
  const auto found = usage.find(pod.name);
  if (found == usage.end() || now - found->second.at > kOldest) return nullptr;
  return &found->second;
}

// Of the container, or of all; empty if it is not known.
std::optional<double> Amount(const ByContainer& amounts, const std::string& container) {
  if (amounts.empty()) return std::nullopt;
  if (!container.empty()) {
    const auto found = amounts.find(container);
    return found == amounts.end() ? std::nullopt : std::optional<double>(found->second);
  }
  double sum = 0;
  for (const auto& [name, amount] : amounts) sum += amount;
  return sum;
}

bool IsStarting(const Pod& pod, const Usage& usage, WallTime now) {
  if (!pod.ready_changed || !pod.started) return true;
  if (*pod.started + kInitialization > now) {
    return !pod.ready || usage.at < *pod.ready_changed + usage.window;
  }
  // Unready later on counts: it was ready once, and its load is real.
  return !pod.ready && *pod.started + kReadinessDelay > *pod.ready_changed;
}

State StateOf(const Pod& pod, const Usage* usage, const ResourceQuestion& question, WallTime now) {
  if (pod.pending) return State::kUnready;
  if (!usage || !Amount(usage->containers, question.container)) return State::kMissing;
  if (question.resource == "cpu" && IsStarting(pod, *usage, now)) return State::kUnready;
  return State::kCounts;
}

// What one pod requests; the error names the container that requests nothing.
Expected<double> RequestOf(const Pod& pod, const ResourceQuestion& question) {
  const auto requests = pod.requests.find(question.resource);
  double sum = 0;
  bool found = false;
  if (requests != pod.requests.end()) {
    for (const auto& [container, amount] : requests->second) {
      if (!question.container.empty() && container != question.container) continue;
      found = true;
      if (!(amount > 0)) {
        return Fail(ErrorCode::kInvalidArgument,
                    "container " + container + " requests no " + question.resource +
                        ", so there is nothing to take a percentage of; set its "
                        "resources.requests." +
                        question.resource);
      }
      sum += amount;
    }
  }
  if (found) return sum;
  return Fail(ErrorCode::kInvalidArgument,
              question.container.empty()
                  ? "the pods request no " + question.resource + "; set resources.requests." +
                        question.resource
                  : "the pods have no container " + question.container + "; correct its name");
}

}  // namespace

Expected<promql::InstantVector> ResourceValues(const std::vector<Pod>& pods,
                                               const std::map<std::string, Usage>& usage,
                                               const ResourceQuestion& question, WallTime now) {
  promql::InstantVector vector;
  double requested = 0;
  int counted = 0;
  for (const Pod& pod : pods) {
    if (pod.gone) continue;
    const Usage* used = UsageOf(pod, usage, now);
    promql::Series series{.labels = {{"pod", pod.name}}, .at = now};
    const State state = StateOf(pod, used, question, now);
    if (question.percent) {
      const auto request = RequestOf(pod, question);
      if (!request) return tl::unexpected(request.error());
      if (state == State::kCounts) requested += *request;
    }
    if (state == State::kCounts) {
      ++counted;
      series.value = *Amount(used->containers, question.container);
      series.at = used->at;
    } else {
      series.labels["state"] = state == State::kUnready ? "unready" : "missing";
    }
    vector.push_back(std::move(series));
  }
  if (!question.percent || counted == 0) return vector;
  // As the HPA: the sum of use over the sum of requests, whatever a roll-out makes of single ones.
  for (promql::Series& series : vector) series.value *= 100 * counted / requested;
  return vector;
}

}  // namespace sb::podmetrics
