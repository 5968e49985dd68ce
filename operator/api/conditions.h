// Conditions of a ScalableBackend, after kstatus: Ready sums up; Reconciling and Stalled are
// "abnormal when true" and absent otherwise; one condition a component. Types and reasons are
// closed lists.
//
//   status["conditions"] = MergeConditions(old_status, {{.type = kReady, .status = kTrue, ...}},
//   now);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/time.h"

namespace sb::api {

namespace condition {
inline constexpr const char* kReady = "Ready";
inline constexpr const char* kReconciling = "Reconciling";
inline constexpr const char* kStalled = "Stalled";
inline constexpr const char* kPaused = "Paused";
inline constexpr const char* kApiReady = "APIReady";
inline constexpr const char* kWorkersReady = "WorkersReady";
inline constexpr const char* kDatabaseReady = "DatabaseReady";
inline constexpr const char* kCacheReady = "CacheReady";
inline constexpr const char* kMigrationSucceeded = "MigrationSucceeded";
inline constexpr const char* kScalingActive = "ScalingActive";
}  // namespace condition

namespace reason {
inline constexpr const char* kReady = "Ready";
inline constexpr const char* kProgressing = "Progressing";  // on its way, nothing is wrong
inline constexpr const char* kWaitingForDatabase = "WaitingForDatabase";
inline constexpr const char* kWaitingForMigration = "WaitingForMigration";
inline constexpr const char* kInvalidSpec = "InvalidSpec";
inline constexpr const char* kNameTaken = "NameTaken";  // a child's name belongs to somebody else
inline constexpr const char* kApplyFailed = "ApplyFailed";  // the API server refused a child
inline constexpr const char* kCredentialsMissing = "CredentialsMissing";
inline constexpr const char* kImagePullFailed = "ImagePullFailed";
inline constexpr const char* kContainerFailing = "ContainerFailing";
inline constexpr const char* kUnschedulable = "Unschedulable";
inline constexpr const char* kStorageClassMissing = "StorageClassMissing";
inline constexpr const char* kStoragePending = "StoragePending";
inline constexpr const char* kStorageResizeUnsupported = "StorageResizeUnsupported";
inline constexpr const char* kMigrationRunning = "MigrationRunning";
inline constexpr const char* kMigrationFailed = "MigrationFailed";
inline constexpr const char* kSucceeded = "Succeeded";
inline constexpr const char* kDisabled = "Disabled";  // switched off in the spec
inline constexpr const char* kExternal = "External";  // not ours to run
inline constexpr const char* kPaused = "Paused";
inline constexpr const char* kMetricsFresh = "MetricsFresh";
inline constexpr const char* kWaitingForMetrics = "WaitingForMetrics";
inline constexpr const char* kQueryFailed = "QueryFailed";  // Prometheus rejected the query
inline constexpr const char* kQueryEmpty = "QueryEmpty";    // it matched nothing
inline constexpr const char* kPrometheusUnreachable = "PrometheusUnreachable";
inline constexpr const char* kCredentialsRefused = "CredentialsRefused";  // by Prometheus
inline constexpr const char* kMetricsUnavailable = "MetricsUnavailable";  // of pods
inline constexpr const char* kMetricsApiForeign = "MetricsAPIForeign";
inline constexpr const char* kHpaInactive = "HPAInactive";
}  // namespace reason

enum class ConditionStatus { kTrue, kFalse, kUnknown };

struct Condition {
  std::string type;  // of condition::
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;  // of reason::
  std::string
      message;  // names the object and the fix; no figure that changes while nothing happens
  std::int64_t observed_generation = 0;
};

// "True", "False", "Unknown".
const char* ToString(ConditionStatus status);

// The value of status.conditions: exactly `desired`, one a type (the last one wins), in the order
// of the list above, without those abnormal-true ones that are not True. `old_status` is the status
// object as read (or null): an entry keeps its lastTransitionTime while its status is the same,
// others get `now`. So for equal input the result is equal.
Json MergeConditions(const Json& old_status, const std::vector<Condition>& desired, WallTime now);

}  // namespace sb::api
