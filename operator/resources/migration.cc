#include "operator/resources/migration.h"

#include <utility>

#include "common/hash.h"
#include "operator/api/names.h"
#include "operator/resources/metadata.h"
#include "operator/resources/pod.h"

namespace sb::resources {

Json MigrationJob(const api::Backend& backend) {
  // Runs with the environment of the API, but with resources and a pool of its own: what only tunes
  // the API must not make another Job.
  api::Workload workload = backend.api;
  workload.command = backend.migrations->command;
  workload.args = backend.migrations->args;

  Json pod = PodSpec(kTodoUser, 30);
  pod["restartPolicy"] = "Never";
  pod["containers"] =
      Json::array({BackendContainer(backend, workload, "migrate", ContractEnv(backend, workload, 1),
                                    {{"requests", {{"cpu", "50m"}, {"memory", "64Mi"}}}})});
  pod["volumes"] = BackendVolumes(backend);
  AddPlacement(backend, workload, pod);

  const Json pod_template = {{"metadata", {{"labels", Labels(backend, api::kMigrateComponent)}}},
                             {"spec", std::move(pod)}};
  const std::string hash = Sha256Hex(pod_template.dump()).substr(0, 10);
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"metadata",
           ChildMetadata(backend, api::MigrationName(backend.name, hash), api::kMigrateComponent)},
          {"spec",
           {{"backoffLimit", backend.migrations->backoff_limit},
            {"activeDeadlineSeconds", 600},
            {"completions", 1},
            {"parallelism", 1},
            {"completionMode", "NonIndexed"},
            {"template", pod_template}}}};
}

}  // namespace sb::resources
