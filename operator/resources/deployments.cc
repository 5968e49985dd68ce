#include "operator/resources/deployments.h"

#include <string>
#include <utility>

#include "operator/api/connections.h"
#include "operator/api/names.h"
#include "operator/resources/metadata.h"
#include "operator/resources/pod.h"

namespace sb::resources {
namespace {

// A slow answer under full load must neither kill a pod nor take it out of the Service.
constexpr ProbeTiming kStartup{.period = 1, .timeout = 2, .failures = 60};
constexpr ProbeTiming kReadiness{.period = 2, .timeout = 3, .failures = 2};
constexpr ProbeTiming kLiveness{.period = 10, .timeout = 5, .failures = 6};

Json PodAnnotations(const api::Workload& workload) {
  Json annotations = {{"prometheus.io/scrape", "true"},
                      {"prometheus.io/port", std::to_string(api::kMetricsPort)},
                      {"prometheus.io/path", "/metrics"}};
  if (workload.pod_annotations.is_object()) annotations.update(workload.pod_annotations);
  return annotations;
}

Json Deployment(const api::Backend& backend, const api::Workload& workload, std::string name,
                const char* component, const std::string& worker, Json ports,
                const char* probe_port) {
  const Json selector = SelectorLabels(backend, component, worker);
  Json container = BackendContainer(backend, workload, component,
                                    ContractEnv(backend, workload, api::Budget(backend).pool_size),
                                    workload.resources);
  container["ports"] = std::move(ports);
  container["startupProbe"] = HttpProbe("/livez", probe_port, kStartup);
  container["readinessProbe"] = HttpProbe("/readyz", probe_port, kReadiness);
  container["livenessProbe"] = HttpProbe("/livez", probe_port, kLiveness);

  Json pod = PodSpec(kTodoUser, workload.termination_grace_seconds);
  pod["containers"] = Json::array({std::move(container)});
  pod["volumes"] = BackendVolumes(backend);
  pod["topologySpreadConstraints"] = SpreadOverNodes(selector);
  AddPlacement(backend, workload, pod);

  Json deployment = {{"apiVersion", "apps/v1"},
                     {"kind", "Deployment"},
                     {"metadata", ChildMetadata(backend, std::move(name), component, worker)},
                     {"spec",
                      {{"selector", {{"matchLabels", selector}}},
                       // A new pod serves before an old one leaves.
                       {"strategy",
                        {{"type", "RollingUpdate"},
                         {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", "25%"}}}}},
                       {"revisionHistoryLimit", 3},
                       {"progressDeadlineSeconds", 120},
                       {"template",
                        {{"metadata",
                          {{"labels", Labels(backend, component, worker)},
                           {"annotations", PodAnnotations(workload)}}},
                         {"spec", std::move(pod)}}}}}};
  if (workload.autoscaling) return deployment;
  return WithReplicas(std::move(deployment), workload.replicas);
}

}  // namespace

Json ApiDeployment(const api::Backend& backend) {
  return Deployment(backend, backend.api, api::ApiName(backend.name), api::kApiComponent, "",
                    Json::array({ContainerPort("http", backend.api.port),
                                 ContainerPort("metrics", api::kMetricsPort)}),
                    "http");
}

Json WorkerDeployment(const api::Backend& backend, const api::Worker& worker) {
  return Deployment(backend, worker, api::WorkerName(backend.name, worker.name),
                    api::kWorkerComponent, worker.name,
                    Json::array({ContainerPort("metrics", api::kMetricsPort)}), "metrics");
}

Json WithReplicas(Json object, int replicas) {
  object["spec"]["replicas"] = replicas;
  return object;
}

}  // namespace sb::resources
