#include "operator/process/pod_metrics.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>

#include "operator/api/names.h"
#include "operator/api/quantity.h"

namespace sb::process {
namespace {

std::string TargetOf(const kube::Object& pod) {
  const auto label = [&](const char* name) {
    return std::string(pod.At({"metadata", "labels", name}).String());
  };
  const std::string worker = label(api::kWorkerLabel);
  return worker.empty() ? label(api::kComponentLabel) : "worker/" + worker;
}

double Amount(const std::string& text) {
  const auto quantity = api::Quantity::Parse(text);
  return quantity ? static_cast<double>(quantity->milli()) / 1000 : 0;
}

podmetrics::Pod ToPod(const kube::Object& object, const std::string& target) {
  podmetrics::Pod pod{.name = std::string(object.name()),
                      .ip = std::string(object.At({"status", "podIP"}).String()),
                      .target = target};
  const auto phase = object.At({"status", "phase"}).String();
  const bool deleting = static_cast<bool>(object.At({"metadata", "deletionTimestamp"}));
  pod.pending = phase == "Pending";
  pod.gone = deleting || phase == "Failed";
  pod.started = ParseTime(object.At({"status", "startTime"}).String());
  for (const kube::Value condition : object.At({"status", "conditions"}).Elements()) {
    if (condition["type"].String() != "Ready") continue;
    pod.ready = !deleting && condition["status"].String() == "True";
    pod.ready_changed = ParseTime(condition["lastTransitionTime"].String());
  }
  for (const kube::Value container : object.At({"spec", "containers"}).Elements()) {
    const std::string name(container["name"].String());
    for (const char* resource : {"cpu", "memory"}) {
      pod.requests[resource][name] =
          Amount(std::string(container["resources"]["requests"][resource].String()));
    }
  }
  return pod;
}

std::string SelectorOf(const podmetrics::PodQuery& query) {
  std::string selector = std::string(api::kNameLabel) + "=" + query.backend;
  if (query.target.starts_with("worker/")) {
    return selector + "," + api::kWorkerLabel + "=" + query.target.substr(7);
  }
  return selector + "," + api::kComponentLabel + "=" + query.target;
}

// "15s", "1m2.5s": as Go prints durations.
std::chrono::milliseconds WindowOf(const std::string& text) {
  double seconds = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.'))
      ++end;
    const double number = std::strtod(text.substr(at, end - at).c_str(), nullptr);
    const bool minutes = end < text.size() && text[end] == 'm' && text.substr(end, 2) != "ms";
    seconds += minutes ? 60 * number : number;
    at = end + 1;
  }
  return std::chrono::milliseconds(static_cast<long>(1000 * std::clamp(seconds, 0.0, 3600.0)));
}

podmetrics::Usage ToUsage(const Json& pod, const std::string& resource) {
  podmetrics::Usage usage{.at = ParseTime(StringAt(pod, {"timestamp"})).value_or(WallTime{}),
                          .window = WindowOf(StringAt(pod, {"window"}))};
  const Json* containers = Find(pod, {"containers"});
  if (!containers || !containers->is_array()) return usage;
  for (const Json& container : *containers) {
    const std::string text = StringAt(container, {"usage", resource});
    if (text.empty()) return {usage.at, usage.window, {}};  // as the HPA: the pod has no value
    usage.containers[StringAt(container, {"name"})] = Amount(text);
  }
  return usage;
}

}  // namespace

std::vector<podmetrics::Pod> PodsOf(const reconcile::ClusterView& view,
                                    const std::string& namespace_name, const std::string& backend) {
  std::vector<podmetrics::Pod> pods;
  for (const kube::ObjectPtr& pod : view.PodsOf({namespace_name, backend})) {
    const std::string target = TargetOf(*pod);
    if (target != api::kApiComponent && !target.starts_with("worker/")) continue;
    pods.push_back(ToPod(*pod, target));
  }
  std::sort(pods.begin(), pods.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return pods;
}

Expected<std::map<std::string, podmetrics::Usage>> UsageOf(const kube::Client& client,
                                                           const podmetrics::PodQuery& query) {
  static const kube::Resource kPodMetrics{"metrics.k8s.io", "v1beta1", "pods", "PodMetrics"};
  std::map<std::string, podmetrics::Usage> usage;
  auto listed = client.List(
      kPodMetrics, {.namespace_ = query.namespace_name, .label_selector = SelectorOf(query)},
      [&](std::string_view text) -> Expected<void> {
        const Json pod = Json::parse(text, nullptr, false);
        usage[StringAt(pod, {"metadata", "name"})] = ToUsage(pod, query.name);
        return {};
      });
  if (listed) return usage;
  if (listed.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound,
                "this cluster has no metrics.k8s.io; install metrics-server, or scale on another "
                "metric");
  }
  return Fail(listed.error().code, "metrics.k8s.io does not answer: " + listed.error().message +
                                       "; check metrics-server");
}

}  // namespace sb::process
