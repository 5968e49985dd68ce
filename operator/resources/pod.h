// Parts of pods that the components share. All of them meet the restricted Pod Security Standard
// and have a read-only root. Fields that Go drops when zero (minReadySeconds: 0) are never written,
// or the live object would not cover them.
#pragma once

#include <string>
#include <vector>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

inline constexpr int kTodoUser = 65532;
inline constexpr int kDatabaseTierUser = 999;

// spec of a pod without containers and volumes: security context for `user`, no token, no service
// variables.
Json PodSpec(int user, int termination_grace_seconds);

Json ContainerSecurity();

// {name, value} and {name, valueFrom: {secretKeyRef}}.
Json Variable(std::string name, std::string value);
Json SecretVariable(std::string name, const api::SecretKey& secret);

// What every container of the image gets: the backend contract, then the user's own variables. One
// that the user sets as well is left out, so the user's wins (the API server refuses a name twice).
Json ContractEnv(const api::Backend& backend, const api::Workload& workload, int pool_size);

// A volume in memory, on a pod with a read-only root.
Json MemoryVolume(std::string name, std::string size_limit);
// Keys of the credentials Secret as files, readable by the pod's group only.
Json CredentialsVolume(const api::Backend& backend, std::string name,
                       const std::vector<std::string>& keys);
Json Mount(std::string name, std::string path, bool read_only = false);

Json ContainerPort(std::string name, int port);

// Timing of a probe, in seconds.
struct ProbeTiming {
  int period = 10;
  int timeout = 1;
  int failures = 3;
};
Json HttpProbe(std::string path, std::string port, ProbeTiming timing);
Json ExecProbe(std::string command, ProbeTiming timing);
Json TcpProbe(std::string port, ProbeTiming timing);

// Preferred, never required: one pod a node.
Json SpreadOverNodes(const Json& selector_labels);

// Container "api", "worker" or "migrate" of the backend's image: image, security, env, mounts; no
// ports or probes.
Json BackendContainer(const api::Backend& backend, const api::Workload& workload, std::string name,
                      const Json& env, const Json& resources);
// Its volumes.
Json BackendVolumes(const api::Backend& backend);
// nodeSelector, tolerations and imagePullSecrets, where set.
void AddPlacement(const api::Backend& backend, const api::Workload& workload, Json& pod_spec);

}  // namespace sb::resources
