// Names, labels and annotations that several parts rely on (docs/names.md is their manual).
#pragma once

#include <string>
#include <string_view>

namespace sb::api {

inline constexpr const char* kGroup = "scalablebackend.io";
inline constexpr const char* kVersion = "v1alpha1";
inline constexpr const char* kApiVersion = "scalablebackend.io/v1alpha1";
inline constexpr const char* kKind = "ScalableBackend";
inline constexpr const char* kPlural = "scalablebackends";

inline constexpr const char* kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr const char* kManagedByValue = "scalablebackend-operator";
inline constexpr const char* kNameLabel = "scalablebackend.io/name";
inline constexpr const char* kComponentLabel = "scalablebackend.io/component";
inline constexpr const char* kWorkerLabel = "scalablebackend.io/worker";
inline constexpr const char* kAppliedHashAnnotation = "scalablebackend.io/applied-hash";

inline constexpr const char* kFieldManager = "scalablebackend-operator";
inline constexpr const char* kHandoverFieldManager = "scalablebackend-handover";
inline constexpr const char* kScaleFieldManager = "scalablebackend-autoscaler";  // Direct engine
inline constexpr const char* kHpaFieldManager = "kube-controller-manager";  // as HPA controller

// Values of kComponentLabel.
inline constexpr const char* kApiComponent = "api";
inline constexpr const char* kWorkerComponent = "worker";
inline constexpr const char* kPostgresComponent = "postgres";
inline constexpr const char* kRedisComponent = "redis";
inline constexpr const char* kMigrateComponent = "migrate";

inline constexpr int kMetricsPort = 9090;
inline constexpr int kPostgresPort = 5432;
inline constexpr int kRedisPort = 6379;

inline constexpr std::size_t kMaxNameLength = 40;  // of a backend
inline constexpr std::size_t kMaxWorkerNameLength = 15;

// Role and database that the bundled PostgreSQL is made with.
inline constexpr const char* kDatabaseUser = "todo";
inline constexpr const char* kDatabaseName = "todo";

// Keys of the credentials Secret.
inline constexpr const char* kUsernameKey = "username";
inline constexpr const char* kPasswordKey = "password";
inline constexpr const char* kDatabaseKey = "database";
inline constexpr const char* kDatabaseUrlKey = "database-url";
inline constexpr const char* kRedisPasswordKey = "redis-password";
inline constexpr const char* kRedisUrlKey = "redis-url";
inline constexpr const char* kQueueUrlKey = "queue-url";
inline constexpr const char* kJwtKeyKey = "jwt-key";

// Names of the children of the backend `name`.
std::string ApiName(std::string_view name);                              // todo-api
std::string WorkerName(std::string_view name, std::string_view worker);  // todo-worker-default
std::string PostgresName(std::string_view name);                         // todo-postgres
std::string PostgresRwName(std::string_view name);                       // todo-postgres-rw
std::string PostgresClaimName(std::string_view name);                    // data-todo-postgres-0
std::string RedisName(std::string_view name);                            // todo-redis
std::string RedisClaimName(std::string_view name);                       // data-todo-redis-0
std::string CredentialsName(std::string_view name);                      // todo-credentials
std::string MigrationName(std::string_view name,
                          std::string_view hash10);  // todo-migrate-0123456789

// A DNS-1035 label: lower case letters, digits and '-', begins with a letter, ends with no '-'.
bool IsDnsLabel(std::string_view text);

}  // namespace sb::api
