#include "operator/plan/children.h"

#include <optional>
#include <set>
#include <utility>

#include "operator/resources/autoscalers.h"
#include "operator/resources/deployments.h"
#include "operator/resources/disruption_budgets.h"
#include "operator/resources/migration.h"
#include "operator/resources/postgres.h"
#include "operator/resources/redis.h"
#include "operator/resources/services.h"

namespace sb::plan {
namespace {

class Builder {
 public:
  void Add(Json object, Gate gate = Gate::kNone, const api::Workload* workload = nullptr) {
    ChildRef ref{StringAt(object, {"kind"}), StringAt(object, {"metadata", "name"})};
    children_.push_back({std::move(ref), std::move(object), gate, workload});
  }
  void Add(std::optional<Json> object, Gate gate = Gate::kNone,
           const api::Workload* workload = nullptr) {
    if (object) Add(std::move(*object), gate, workload);
  }
  std::vector<Child> Take() { return std::move(children_); }

 private:
  std::vector<Child> children_;
};

}  // namespace

std::vector<Child> DesiredChildren(const api::Backend& backend) {
  using namespace resources;
  Builder children;
  if (backend.database.postgres) {
    children.Add(PostgresService(backend));
    children.Add(PostgresRwService(backend));
    children.Add(PostgresStatefulSet(backend));
  }
  if (backend.cache.redis) {
    children.Add(RedisService(backend));
    children.Add(RedisStatefulSet(backend));
  }
  children.Add(ApiService(backend));
  if (backend.migrations) children.Add(MigrationJob(backend), Gate::kDatabase);
  children.Add(ApiDeployment(backend), Gate::kMigration, &backend.api);
  children.Add(ApiPodDisruptionBudget(backend));
  children.Add(ApiHorizontalPodAutoscaler(backend), Gate::kWorkload, &backend.api);
  for (const api::Worker& worker : backend.workers) {
    children.Add(WorkerDeployment(backend, worker), Gate::kMigration, &worker);
    children.Add(WorkerPodDisruptionBudget(backend, worker));
    children.Add(WorkerHorizontalPodAutoscaler(backend, worker), Gate::kWorkload, &worker);
  }
  return children.Take();
}

bool IsPrunable(const std::string& kind) {
  static const std::set<std::string> kKinds = {
      "Deployment", "StatefulSet",         "Service",
      "Job",        "PodDisruptionBudget", "HorizontalPodAutoscaler"};
  return kKinds.contains(kind);
}

}  // namespace sb::plan
