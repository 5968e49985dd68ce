#include "operator/resources/postgres.h"

#include <string>
#include <utility>

#include "operator/api/names.h"
#include "operator/resources/claims.h"
#include "operator/resources/pod.h"

namespace sb::resources {
namespace {

constexpr const char* kReady = "/usr/local/bin/postgres-ready";
constexpr const char* kCredentialsFolder = "/var/run/scalablebackend/credentials";

// Recovery after a crash may take long and must not be killed.
constexpr ProbeTiming kStartup{.period = 1, .timeout = 5, .failures = 3600};
constexpr ProbeTiming kReadiness{.period = 5, .timeout = 5, .failures = 3};
constexpr ProbeTiming kLiveness{.period = 10, .timeout = 5, .failures = 6};

}  // namespace

Json PostgresStatefulSet(const api::Backend& backend) {
  const api::Postgres& postgres = *backend.database.postgres;
  Json args = Json::array();
  for (const auto& [name, value] : postgres.parameters) {
    args.push_back("-c");
    args.push_back(std::string(name).append("=").append(value));
  }
  Json container = {
      {"name", "postgres"},
      {"image", postgres.image},
      {"imagePullPolicy", "IfNotPresent"},
      {"args", std::move(args)},
      {"env", Json::array({Variable("POSTGRES_USER", api::kDatabaseUser),
                           Variable("POSTGRES_DB", api::kDatabaseName),
                           Variable("POSTGRES_PASSWORD_FILE",
                                    std::string(kCredentialsFolder) + "/" + api::kPasswordKey)})},
      {"ports", Json::array({ContainerPort("postgres", api::kPostgresPort)})},
      {"resources", postgres.resources},
      {"securityContext", ContainerSecurity()},
      {"startupProbe", ExecProbe(kReady, kStartup)},
      {"readinessProbe", ExecProbe(kReady, kReadiness)},
      {"livenessProbe", TcpProbe("postgres", kLiveness)},
      {"volumeMounts",
       Json::array({Mount("data", "/var/lib/postgresql/data"), Mount("run", "/var/run/postgresql"),
                    Mount("tmp", "/tmp"), Mount("shm", "/dev/shm"),
                    Mount("credentials", kCredentialsFolder, true)})}};

  Json pod = PodSpec(kDatabaseTierUser, 60);
  pod["containers"] = Json::array({std::move(container)});
  pod["volumes"] = Json::array({MemoryVolume("run", "16Mi"), MemoryVolume("tmp", "64Mi"),
                                MemoryVolume("shm", "256Mi"),
                                CredentialsVolume(backend, "credentials", {api::kPasswordKey})});
  return StatefulSet(backend, api::PostgresName(backend.name), api::kPostgresComponent,
                     postgres.storage, std::move(pod));
}

}  // namespace sb::resources
