#include "operator/resources/pod.h"

#include <utility>

#include "operator/api/names.h"

namespace sb::resources {
namespace {

constexpr const char* kJwtFolder = "/var/run/scalablebackend/jwt";
constexpr int kGroupReadable = 0440;

Json Probe(const char* action, Json how, ProbeTiming timing) {
  return {{action, std::move(how)},
          {"periodSeconds", timing.period},
          {"timeoutSeconds", timing.timeout},
          {"failureThreshold", timing.failures},
          {"successThreshold", 1}};
}

bool UserSets(const api::Workload& workload, const std::string& name) {
  if (!workload.env.is_array()) return false;
  for (const Json& variable : workload.env) {
    if (StringAt(variable, {"name"}) == name) return true;
  }
  return false;
}

}  // namespace

Json PodSpec(int user, int termination_grace_seconds) {
  return {{"automountServiceAccountToken", false},
          {"enableServiceLinks", false},
          {"restartPolicy", "Always"},
          {"terminationGracePeriodSeconds", termination_grace_seconds},
          {"securityContext",
           {{"runAsNonRoot", true},
            {"runAsUser", user},
            {"runAsGroup", user},
            {"fsGroup", user},
            // Else the kubelet walks a whole database at every start.
            {"fsGroupChangePolicy", "OnRootMismatch"},
            {"seccompProfile", {{"type", "RuntimeDefault"}}}}}};
}

Json ContainerSecurity() {
  return {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", Json::array({"ALL"})}}}};
}

Json Variable(std::string name, std::string value) {
  return {{"name", std::move(name)}, {"value", std::move(value)}};
}

Json SecretVariable(std::string name, const api::SecretKey& secret) {
  return {{"name", std::move(name)},
          {"valueFrom", {{"secretKeyRef", {{"name", secret.name}, {"key", secret.key}}}}}};
}

Json ContractEnv(const api::Backend& backend, const api::Workload& workload, int pool_size) {
  const std::string credentials = api::CredentialsName(backend.name);
  const auto external = [&](const std::optional<api::SecretKey>& secret, const char* own_key) {
    return secret.value_or(api::SecretKey{credentials, own_key});
  };
  const Json contract = {
      Variable("PORT", std::to_string(backend.api.port)),
      Variable("METRICS_PORT", std::to_string(api::kMetricsPort)),
      SecretVariable("DATABASE_URL", external(backend.database.external, api::kDatabaseUrlKey)),
      SecretVariable("REDIS_URL", external(backend.cache.external, api::kRedisUrlKey)),
      SecretVariable("QUEUE_URL", external(backend.cache.external, api::kQueueUrlKey)),
      Variable("POOL_SIZE", std::to_string(pool_size)),
      Variable("JWT_KEY_FILE", std::string(kJwtFolder) + "/" + api::kJwtKeyKey),
      Variable("SHUTDOWN_DELAY", std::to_string(workload.shutdown_delay_seconds))};
  Json env = Json::array();
  for (const Json& variable : contract) {
    if (!UserSets(workload, StringAt(variable, {"name"}))) env.push_back(variable);
  }
  if (workload.env.is_array()) env.insert(env.end(), workload.env.begin(), workload.env.end());
  return env;
}

Json MemoryVolume(std::string name, std::string size_limit) {
  return {{"name", std::move(name)},
          {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", std::move(size_limit)}}}};
}

Json CredentialsVolume(const api::Backend& backend, std::string name,
                       const std::vector<std::string>& keys) {
  Json items = Json::array();
  for (const std::string& key : keys) items.push_back({{"key", key}, {"path", key}});
  return {{"name", std::move(name)},
          {"secret",
           {{"secretName", api::CredentialsName(backend.name)},
            {"items", std::move(items)},
            {"defaultMode", kGroupReadable}}}};
}

Json Mount(std::string name, std::string path, bool read_only) {
  Json mount = {{"name", std::move(name)}, {"mountPath", std::move(path)}};
  if (read_only) mount["readOnly"] = true;
  return mount;
}

Json ContainerPort(std::string name, int port) {
  return {{"name", std::move(name)}, {"containerPort", port}, {"protocol", "TCP"}};
}

Json HttpProbe(std::string path, std::string port, ProbeTiming timing) {
  return Probe("httpGet",
               {{"path", std::move(path)}, {"port", std::move(port)}, {"scheme", "HTTP"}}, timing);
}

Json ExecProbe(std::string command, ProbeTiming timing) {
  return Probe("exec", {{"command", Json::array({std::move(command)})}}, timing);
}

Json TcpProbe(std::string port, ProbeTiming timing) {
  return Probe("tcpSocket", {{"port", std::move(port)}}, timing);
}

Json SpreadOverNodes(const Json& selector_labels) {
  return Json::array({{{"maxSkew", 1},
                       {"topologyKey", "kubernetes.io/hostname"},
                       {"whenUnsatisfiable", "ScheduleAnyway"},
                       {"labelSelector", {{"matchLabels", selector_labels}}}}});
}

Json BackendContainer(const api::Backend& backend, const api::Workload& workload, std::string name,
                      const Json& env, const Json& resources) {
  Json container = {
      {"name", std::move(name)},
      {"image", backend.image},
      {"imagePullPolicy", backend.image_pull_policy},
      {"command", workload.command},
      {"env", env},
      {"resources", resources},
      {"securityContext", ContainerSecurity()},
      {"volumeMounts", Json::array({Mount("tmp", "/tmp"), Mount("jwt", kJwtFolder, true)})}};
  if (!workload.args.empty()) container["args"] = workload.args;
  if (!workload.env_from.is_null()) container["envFrom"] = workload.env_from;
  return container;
}

Json BackendVolumes(const api::Backend& backend) {
  return Json::array(
      {MemoryVolume("tmp", "64Mi"), CredentialsVolume(backend, "jwt", {api::kJwtKeyKey})});
}

void AddPlacement(const api::Backend& backend, const api::Workload& workload, Json& pod_spec) {
  if (!workload.node_selector.is_null()) pod_spec["nodeSelector"] = workload.node_selector;
  if (!workload.tolerations.is_null()) pod_spec["tolerations"] = workload.tolerations;
  if (backend.image_pull_secrets.is_array() && !backend.image_pull_secrets.empty()) {
    pod_spec["imagePullSecrets"] = backend.image_pull_secrets;
  }
}

}  // namespace sb::resources
