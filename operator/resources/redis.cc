#include "operator/resources/redis.h"

#include <cstdint>
#include <string>
#include <utility>

#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/resources/claims.h"
#include "operator/resources/pod.h"

namespace sb::resources {
namespace {

constexpr const char* kReady = "/usr/local/bin/redis-ready";
constexpr const char* kCredentialsFolder = "/var/run/scalablebackend/credentials";

// Loading a large append-only file takes time.
constexpr ProbeTiming kStartup{.period = 1, .timeout = 5, .failures = 600};
constexpr ProbeTiming kReadiness{.period = 5, .timeout = 5, .failures = 3};
constexpr ProbeTiming kLiveness{.period = 10, .timeout = 5, .failures = 6};

// Three quarters of the memory limit: rewriting the append-only file needs the rest. In bytes.
std::string MaxMemory(const Json& resources) {
  constexpr std::int64_t kWithoutLimit = 256LL << 20;
  const auto limit = api::Quantity::Parse(StringAt(resources, {"limits", "memory"}));
  return std::to_string(limit ? limit->milli() / 1000 / 4 * 3 : kWithoutLimit);
}

}  // namespace

Json RedisStatefulSet(const api::Backend& backend) {
  const api::Redis& redis = *backend.cache.redis;
  Json container = {
      {"name", "redis"},
      {"image", redis.image},
      {"imagePullPolicy", "IfNotPresent"},
      {"env", Json::array({Variable("REDIS_PASSWORD_FILE",
                                    std::string(kCredentialsFolder) + "/" + api::kRedisPasswordKey),
                           Variable("REDIS_MAXMEMORY", MaxMemory(redis.resources))})},
      {"ports", Json::array({ContainerPort("redis", api::kRedisPort)})},
      {"resources", redis.resources},
      {"securityContext", ContainerSecurity()},
      {"startupProbe", ExecProbe(kReady, kStartup)},
      {"readinessProbe", ExecProbe(kReady, kReadiness)},
      {"livenessProbe", TcpProbe("redis", kLiveness)},
      {"volumeMounts",
       Json::array({Mount("data", "/data"), Mount("run", "/run/redis"), Mount("tmp", "/tmp"),
                    Mount("credentials", kCredentialsFolder, true)})}};

  Json pod = PodSpec(kDatabaseTierUser, 30);
  pod["containers"] = Json::array({std::move(container)});
  pod["volumes"] =
      Json::array({MemoryVolume("run", "16Mi"), MemoryVolume("tmp", "64Mi"),
                   CredentialsVolume(backend, "credentials", {api::kRedisPasswordKey})});
  return StatefulSet(backend, api::RedisName(backend.name), api::kRedisComponent, redis.storage,
                     std::move(pod));
}

}  // namespace sb::resources
