#include "operator/process/pod_metrics.h"

#include <algorithm>

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

bool IsReady(const kube::Object& pod) {
  if (pod.At({"metadata", "deletionTimestamp"})) return false;
  for (const kube::Value condition : pod.At({"status", "conditions"}).Elements()) {
    if (condition["type"].String() == "Ready") return condition["status"].String() == "True";
  }
  return false;
}

std::string SelectorOf(const podmetrics::PodQuery& query) {
  std::string selector = std::string(api::kNameLabel) + "=" + query.backend;
  if (query.target.starts_with("worker/")) {
    return selector + "," + api::kWorkerLabel + "=" + query.target.substr(7);
  }
  return selector + "," + api::kComponentLabel + "=" + query.target;
}

double UsageOfPod(const Json& pod, const std::string& resource) {
  double sum = 0;
  const Json* containers = Find(pod, {"containers"});
  if (!containers || !containers->is_array()) return 0;
  for (const Json& container : *containers) {
    const auto quantity = api::Quantity::Parse(StringAt(container, {"usage", resource}));
    if (quantity) sum += static_cast<double>(quantity->milli()) / 1000;
  }
  return sum;
}

}  // namespace

std::vector<podmetrics::Pod> PodsOf(const reconcile::ClusterView& view,
                                    const std::string& namespace_name, const std::string& backend) {
  std::vector<podmetrics::Pod> pods;
  for (const kube::ObjectPtr& pod : view.PodsOf({namespace_name, backend})) {
    const std::string target = TargetOf(*pod);
    if (target != api::kApiComponent && !target.starts_with("worker/")) continue;
    pods.push_back({std::string(pod->name()), std::string(pod->At({"status", "podIP"}).String()),
                    target, IsReady(*pod)});
  }
  std::sort(pods.begin(), pods.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return pods;
}

Expected<std::map<std::string, double>> UsageOf(const kube::Client& client,
                                                const podmetrics::PodQuery& query) {
  static const kube::Resource kPodMetrics{"metrics.k8s.io", "v1beta1", "pods", "PodMetrics"};
  std::map<std::string, double> usage;
  auto listed = client.List(
      kPodMetrics, {.namespace_ = query.namespace_name, .label_selector = SelectorOf(query)},
      [&](std::string_view text) -> Expected<void> {
        const Json pod = Json::parse(text, nullptr, false);
        usage[StringAt(pod, {"metadata", "name"})] = UsageOfPod(pod, query.name);
        return {};
      });
  if (listed) return usage;
  if (listed.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound,
                "this cluster has no metrics.k8s.io; install metrics-server, or scale on another "
                "metric");
  }
  return tl::unexpected(listed.error());
}

}  // namespace sb::process
