// A ScalableBackend as the operator understands it: spec and identity after parsing, defaults
// filled in. Plain values, nothing to call, made by Parse (api/parse.h). The schema has no defaults
// and the operator never writes `spec`, so that GitOps tools see no difference: what is unset gets
// its value here.
//
//   auto backend = api::Parse(object, defaults);
//   if (backend && backend->api.autoscaling) Watch(backend->api.autoscaling->metrics);
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "operator/api/prometheus_access.h"
#include "operator/api/quantity.h"
#include "operator/calendar/cron.h"
#include "operator/calendar/time_zone.h"

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
inline constexpr std::chrono::seconds kDefaultCooldown{300};
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

enum class MetricType {
  kPrometheus,  // a query
  kResource,    // cpu or memory of the pods, or of one container of each
  kQueue,       // a queue of the backend, read from its pods' /metrics
  kRequests,    // requests or their latency, read from the workload's pods' /metrics
};
// What of a queue (kQueue) or of the requests (kRequests) is measured.
enum class Measure { kDepth, kAge, kRate, kLatency };
enum class TargetType { kAverageValue, kValue, kAverageUtilization };

struct MetricTarget {
  TargetType type = TargetType::kAverageValue;
  Quantity quantity;            // kAverageValue, kValue
  int average_utilization = 0;  // kAverageUtilization: percent of the request
};

struct Metric {
  MetricType type = MetricType::kPrometheus;
  std::string name;    // unique in its workload; the name that the HPA asks for. kResource: "cpu",
                       // "memory" or, of a container, "api/cpu"
  std::string query;   // kPrometheus: as written
  std::string promql;  // kPrometheus: `query` with $(namespace) and $(name) filled in
  std::string resource;   // kResource: "cpu" or "memory"
  std::string container;  // kResource: of this container of each pod (type ContainerResource); "":
                          // of all
  std::string queue;      // kQueue
  Measure measure = Measure::kDepth;  // kQueue, kRequests
  MetricTarget target;
  Quantity activation;  // above it the workload is active; matters with minReplicas 0
};

// Who writes the count: the stock controller through an HPA object of ours, or the operator itself
// through /scale. kAuto: kDirect with minReplicas 0; else kHpa while the metrics API slot is ours,
// and kDirect while it is not.
enum class Engine { kAuto, kHpa, kDirect };

// What a metric counts as once it has given no evidence for `after`.
enum class FallbackKind { kStatic, kCurrent, kCurrentIfHigher, kCurrentIfLower };
struct Fallback {
  std::chrono::seconds after{0};
  int replicas = 0;
  FallbackKind kind = FallbackKind::kStatic;
};

// A window of time with other bounds.
struct Schedule {
  std::string cron_text;
  std::string timezone;
  calendar::Cron cron;
  calendar::ZonePtr zone;  // never null
  std::chrono::seconds duration{0};
  std::optional<int> min_replicas;
  std::optional<int> max_replicas;
};

// A floor from what the metrics were at this time of day, or of the week, before.
enum class Season { kDaily, kWeekly };
struct Anticipation {
  std::chrono::seconds look_ahead{600};
  Season season = Season::kDaily;
  int history_days = 14;
  std::string timezone = "UTC";
  calendar::ZonePtr zone;           // never null
  std::optional<int> max_replicas;  // the floor is never more
};

struct Autoscaling {
  Engine engine = Engine::kAuto;
  bool paused = false;   // the count stays as it is
  int min_replicas = 1;  // 0 never with kHpa
  int max_replicas = 1;
  // Bounds of the HPA while schedules are open, or with anticipation (plan/engine.h); 0: those
  // above.
  int hpa_min_replicas = 0;
  int hpa_max_replicas = 0;
  std::string hpa_min_why;      // "": nothing but the spec has set it
  std::vector<Metric> metrics;  // at least one
  Json behavior;                // autoscaling/v2 behavior, verbatim; null: unset
  std::optional<Fallback> fallback;
  std::vector<Schedule> schedules;
  std::optional<Anticipation> anticipation;
  std::chrono::seconds cooldown = kDefaultCooldown;  // inactive for so long before zero
  std::chrono::seconds initial_cooldown{0};          // after creation, before the first zero
};

// What the API and a worker have in common. Json members are parts of a PodSpec as written, null if
// unset.
struct Workload {
  std::vector<std::string> command;  // never empty
  std::vector<std::string> args;
  int replicas = 1;             // fixed count; without meaning when autoscaled
  bool replicas_given = false;  // the spec says so; else it is the default
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
  PrometheusAccess prometheus_access;  // how it is asked
  bool paused = false;
  DeletionPolicy deletion_policy = DeletionPolicy::kRetain;
};

}  // namespace sb::api
