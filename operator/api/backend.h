// A ScalableBackend as the operator understands it: spec and identity after parsing, defaults
// filled in. Plain values, nothing to call, made by Parse (api/parse.h). The schema has no defaults
// and the operator never writes `spec`, so that GitOps tools see no difference: what is unset gets
// its value here.
//
//   auto backend = api::Parse(object, defaults);
//   if (backend && backend->api.autoscaling) Watch(backend->api.autoscaling->metrics);
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "operator/api/quantity.h"

namespace sb::api {

// Effective values of what a spec may leave out.
inline constexpr int kDefaultApiPort = 8080;
inline constexpr int kDefaultApiReplicas = 2;  // one pod may be drained while the other serves
inline constexpr int kDefaultWorkerReplicas = 1;
inline constexpr int kDefaultTerminationGraceSeconds =
    45;  // shutdown delay + 20 s of drain + slack
inline constexpr int kDefaultShutdownDelaySeconds =
    5;  // until every kube-proxy forgot the endpoint
inline constexpr int kDefaultMigrationBackoffLimit = 2;
inline constexpr int kDefaultMaxConnections = 200;
inline constexpr const char* kDefaultPostgresStorage = "10Gi";
inline constexpr const char* kDefaultRedisStorage = "1Gi";

// What the operator was released with, from its flags.
struct OperatorDefaults {
  std::string todo_image;
  std::string postgres_image;
  std::string redis_image;
  std::string prometheus_url;
};

enum class MetricType { kPrometheus, kResource };
enum class TargetType { kAverageValue, kValue, kAverageUtilization };

struct MetricTarget {
  TargetType type = TargetType::kAverageValue;
  Quantity quantity;            // kAverageValue, kValue
  int average_utilization = 0;  // kAverageUtilization: percent of the request
};

struct Metric {
  MetricType type = MetricType::kPrometheus;
  std::string
      name;  // unique in its workload; the name that the HPA asks for. kResource: "cpu" or "memory"
  std::string query;     // kPrometheus: as written
  std::string promql;    // kPrometheus: `query` with $(namespace) and $(name) filled in
  std::string resource;  // kResource: "cpu" or "memory"
  MetricTarget target;
};

struct Autoscaling {
  int min_replicas = 1;
  int max_replicas = 1;
  std::vector<Metric> metrics;  // at least one
  Json behavior;                // autoscaling/v2 behavior, verbatim; null: unset
};

// What the API and a worker have in common. Json members are parts of a PodSpec as written, null if
// unset.
struct Workload {
  std::vector<std::string> command;  // never empty
  std::vector<std::string> args;
  int replicas = 1;  // fixed count; without meaning when autoscaled
  std::optional<Autoscaling> autoscaling;
  Json resources;
  Json env;
  Json env_from;
  Json pod_annotations;
  Json node_selector;
  Json tolerations;
  int termination_grace_seconds = kDefaultTerminationGraceSeconds;
  int shutdown_delay_seconds = kDefaultShutdownDelaySeconds;

  // The fewest pods that this workload may have while nothing is broken.
  int FewestReplicas() const { return autoscaling ? autoscaling->min_replicas : replicas; }
  int MostReplicas() const { return autoscaling ? autoscaling->max_replicas : replicas; }
};

struct Api : Workload {
  int port = kDefaultApiPort;
};

struct Worker : Workload {
  std::string name;
};

// A key of a Secret in the backend's namespace.
struct SecretKey {
  std::string name;
  std::string key;
};

struct Storage {
  Quantity size;
  std::optional<std::string> storage_class;  // unset: the cluster's default class
};

struct Postgres {
  std::string image;
  Storage storage;
  Json resources;
  std::map<std::string, std::string> parameters;  // postgresql.conf, max_connections included
};

struct Redis {
  std::string image;
  Storage storage;
  Json resources;
};

// Exactly one of the two is set. An absent `spec.database` (`spec.cache`) means the bundled one.
struct Database {
  std::optional<Postgres> postgres;
  std::optional<SecretKey> external;  // holds a postgresql:// URL
};

struct Cache {
  std::optional<Redis> redis;
  std::optional<SecretKey> external;  // holds a redis:// URL
};

struct Migrations {
  std::vector<std::string> command;  // never empty
  std::vector<std::string> args;
  int backoff_limit = kDefaultMigrationBackoffLimit;
};

enum class DeletionPolicy { kRetain, kDelete };

struct Backend {
  std::string name;
  std::string namespace_;
  std::string uid;
  std::int64_t generation = 0;
  bool deleting = false;  // metadata.deletionTimestamp is set

  std::string image;
  std::string image_pull_policy;  // "IfNotPresent" unless set
  Json image_pull_secrets;        // [{name}], null: unset
  Api api;
  std::vector<Worker> workers;  // sorted by name
  Database database;
  Cache cache;
  std::optional<Migrations> migrations;  // unset: switched off (spec.migrations.enabled: false)
  std::string prometheus_url;
  bool paused = false;
  DeletionPolicy deletion_policy = DeletionPolicy::kRetain;
};

}  // namespace sb::api
