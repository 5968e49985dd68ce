#include "operator/kube/testing/sample_pod.h"

#include "common/json.h"

namespace sb::kube {
namespace {

std::string Hex(int number, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::uint64_t state = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15ULL + 0x1234567;
  std::string text;
  for (int i = 0; i < digits; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += kDigits[state >> 60];
  }
  return text;
}

Json Environment(int number) {
  Json env = Json::array();
  for (int i = 0; i < 8; ++i) {
    env.push_back({{"name", "SETTING_" + std::to_string(i)}, {"value", Hex(number * 8 + i, 12)}});
  }
  env.push_back(
      {{"name", "POD_IP"},
       {"valueFrom", {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "status.podIP"}}}}}});
  return env;
}

Json Container(const std::string& name, int number) {
  const Json probe = {{"failureThreshold", 3},
                      {"httpGet", {{"path", "/readyz"}, {"port", "http"}, {"scheme", "HTTP"}}},
                      {"periodSeconds", 10},
                      {"successThreshold", 1},
                      {"timeoutSeconds", 1}};
  return {{"name", name},
          {"image", "registry.example/team/" + name + "@sha256:" + Hex(7, 64)},
          {"imagePullPolicy", "IfNotPresent"},
          {"env", Environment(number)},
          {"ports", {{{"containerPort", 8080}, {"name", "http"}, {"protocol", "TCP"}}}},
          {"livenessProbe", probe},
          {"readinessProbe", probe},
          {"resources",
           {{"limits", {{"cpu", "500m"}, {"memory", "128Mi"}}},
            {"requests", {{"cpu", "250m"}, {"memory", "64Mi"}}}}},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"capabilities", {{"drop", {"ALL"}}}},
            {"readOnlyRootFilesystem", true}}},
          {"terminationMessagePath", "/dev/termination-log"},
          {"terminationMessagePolicy", "File"},
          {"volumeMounts",
           {{{"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"},
             {"name", "kube-api-access-" + Hex(number, 5)},
             {"readOnly", true}},
            {{"mountPath", "/tmp"}, {"name", "tmp"}}}}};
}

Json Condition(const char* type) {
  return {{"lastProbeTime", nullptr},
          {"lastTransitionTime", "2026-11-24T07:05:12Z"},
          {"observedGeneration", 1},
          {"status", "True"},
          {"type", type}};
}

Json ContainerStatus(const std::string& name, int number) {
  return {{"name", name},
          {"containerID", "containerd://" + Hex(number, 64)},
          {"image", "registry.example/team/" + name + "@sha256:" + Hex(7, 64)},
          {"imageID", "registry.example/team/" + name + "@sha256:" + Hex(7, 64)},
          {"lastState", Json::object()},
          {"ready", true},
          {"restartCount", 0},
          {"started", true},
          {"state", {{"running", {{"startedAt", "2026-11-24T07:05:11Z"}}}}}};
}

// What kubelet and the ReplicaSet controller own.
Json ManagedFields() {
  const Json container =
      Json::parse(R"({".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:env":{".":{},
    "k:{\"name\":\"SETTING_0\"}":{".":{},"f:name":{},"f:value":{}},"k:{\"name\":\"SETTING_1\"}":{".":{},"f:name":{},"f:value":{}},
    "k:{\"name\":\"SETTING_2\"}":{".":{},"f:name":{},"f:value":{}},"k:{\"name\":\"POD_IP\"}":{".":{},"f:name":{},"f:valueFrom":{}}},
    "f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},
    "f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}}},"f:securityContext":{},"f:terminationMessagePath":{}})");
  return {{{"apiVersion", "v1"},
           {"fieldsType", "FieldsV1"},
           {"fieldsV1",
            {{"f:metadata", {{"f:labels", {{".", Json::object()}, {"f:app", Json::object()}}}}},
             {"f:spec",
              {{"f:containers", {{"k:{\"name\":\"api\"}", container}}},
               {"f:restartPolicy", Json::object()}}}}},
           {"manager", "kube-controller-manager"},
           {"operation", "Update"},
           {"time", "2026-11-24T07:05:01Z"}},
          {{"apiVersion", "v1"},
           {"fieldsType", "FieldsV1"},
           {"fieldsV1",
            {{"f:status",
              {{"f:conditions",
                {{"k:{\"type\":\"Ready\"}",
                  {{"f:lastTransitionTime", Json::object()}, {"f:status", Json::object()}}}}},
               {"f:phase", Json::object()}}}}},
           {"manager", "kubelet"},
           {"operation", "Update"},
           {"subresource", "status"},
           {"time", "2026-11-24T07:05:12Z"}}};
}

}  // namespace

std::string SamplePod(int number) {
  const std::string owner = "backend-" + std::to_string(number / 10);
  const std::string hash = Hex(number / 10, 10);
  const std::string address =
      "10.244." + std::to_string(number / 250) + "." + std::to_string(number % 250);
  const Json pod = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata",
       {{"name", owner + "-" + hash + "-" + Hex(number, 5)},
        {"generateName", owner + "-" + hash + "-"},
        {"namespace", "bench"},
        {"uid", Hex(number, 8) + "-" + Hex(number + 1, 4) + "-" + Hex(number + 2, 4) + "-" +
                    Hex(number + 3, 4) + "-" + Hex(number + 4, 12)},
        {"resourceVersion", std::to_string(100'000 + number)},
        {"creationTimestamp", "2026-11-24T07:05:01Z"},
        {"labels", {{"app", owner}, {"pod-template-hash", hash}, {"tier", "api"}}},
        {"annotations", {{"checksum/config", Hex(number / 10, 64)}}},
        {"ownerReferences",
         {{{"apiVersion", "apps/v1"},
           {"blockOwnerDeletion", true},
           {"controller", true},
           {"kind", "ReplicaSet"},
           {"name", owner + "-" + hash},
           {"uid", Hex(number / 10, 36)}}}},
        {"managedFields", ManagedFields()}}},
      {"spec",
       {{"containers", {Container("api", number), Container("sidecar", number + 1)}},
        {"dnsPolicy", "ClusterFirst"},
        {"enableServiceLinks", true},
        {"nodeName", "node-" + std::to_string(number % 100)},
        {"preemptionPolicy", "PreemptLowerPriority"},
        {"priority", 0},
        {"restartPolicy", "Always"},
        {"schedulerName", "default-scheduler"},
        {"serviceAccountName", "default"},
        {"terminationGracePeriodSeconds", 30},
        {"tolerations",
         {{{"effect", "NoExecute"},
           {"key", "node.kubernetes.io/not-ready"},
           {"operator", "Exists"},
           {"tolerationSeconds", 300}}}},
        {"volumes",
         {{{"emptyDir", Json::object()}, {"name", "tmp"}},
          {{"name", "kube-api-access-" + Hex(number, 5)},
           {"projected",
            {{"defaultMode", 420},
             {"sources",
              {{{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}},
               {{"configMap",
                 {{"items", {{{"key", "ca.crt"}, {"path", "ca.crt"}}}},
                  {"name", "kube-root-ca.crt"}}}}}}}}}}}}},
      {"status",
       {{"phase", "Running"},
        {"conditions",
         {Condition("PodReadyToStartContainers"), Condition("Initialized"), Condition("Ready"),
          Condition("ContainersReady"), Condition("PodScheduled")}},
        {"containerStatuses",
         {ContainerStatus("api", number * 2), ContainerStatus("sidecar", number * 2 + 1)}},
        {"hostIP", "172.30.0." + std::to_string(number % 100)},
        {"podIP", address},
        {"podIPs", {{{"ip", address}}}},
        {"qosClass", "Burstable"},
        {"startTime", "2026-11-24T07:05:02Z"}}}};
  return pod.dump();
}

}  // namespace sb::kube
