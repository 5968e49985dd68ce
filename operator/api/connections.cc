#include "operator/api/connections.h"

#include <array>
#include <cstdlib>

namespace sb::api {
namespace {

constexpr int kReserved = 10;
constexpr int kExternalPoolSize = 5;
// Few steps, because another size is another pod template and rolls every pod.
constexpr std::array<int, 6> kPoolSizes{10, 8, 5, 3, 2, 1};

// maxSurge 25 %, rounded up as the Deployment controller does.
int WithSurge(int replicas) { return replicas + (replicas + 3) / 4; }

}  // namespace

ConnectionBudget Budget(const Backend& backend) {
  ConnectionBudget budget;
  budget.reserved = kReserved;
  budget.processes = WithSurge(backend.api.MostReplicas());
  for (const Worker& worker : backend.workers) {
    budget.processes += WithSurge(worker.MostReplicas());
  }
  if (!backend.database.postgres) {
    budget.pool_size = kExternalPoolSize;
    return budget;
  }
  const auto& parameters = backend.database.postgres->parameters;
  const auto found = parameters.find("max_connections");
  budget.max_connections =
      found == parameters.end() ? kDefaultMaxConnections : std::atoi(found->second.c_str());
  for (int size : kPoolSizes) {
    if (budget.processes * size + budget.reserved <= budget.max_connections) {
      budget.pool_size = size;
      break;
    }
  }
  return budget;
}

std::string Describe(const ConnectionBudget& budget) {
  const int size = budget.pool_size > 0 ? budget.pool_size : 1;
  const std::string limit = budget.max_connections == 0
                                ? "an unknown max_connections"
                                : "max_connections " + std::to_string(budget.max_connections);
  return std::to_string(budget.processes) + (budget.processes == 1 ? " process" : " processes") +
         " x " + std::to_string(size) + (size == 1 ? " connection" : " connections") + " + " +
         std::to_string(budget.reserved) +
         " reserved = " + std::to_string(budget.processes * size + budget.reserved) + " of " +
         limit;
}

}  // namespace sb::api
