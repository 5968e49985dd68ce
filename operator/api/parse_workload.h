// What the API and a worker have in common.
#pragma once

#include <string>
#include <vector>

#include "operator/api/backend.h"
#include "operator/api/field.h"

namespace sb::api {

struct WorkloadDefaults {
  std::vector<std::string> command;
  int replicas = 1;
  const char* cpu_request = "50m";
  const char* memory_request = "64Mi";
};

// Fills `workload`; faults go to the field's list.
void ParseWorkload(const Field& field, const WorkloadDefaults& defaults,
                   const std::string& namespace_name, const std::string& name, Workload& workload);

// resources of a container in canonical form: a request of `defaults` for whatever has neither
// request nor limit, so that utilization means something and the scheduler can count.
Json ParseResources(const Field& field, const char* cpu_request, const char* memory_request);

// `command` may be absent, then it is `fallback`; an empty one is a fault.
std::vector<std::string> ParseCommand(const Field& field, std::vector<std::string> fallback);

}  // namespace sb::api
