// What the controller sees of one backend: everything that a plan may depend on besides the
// resource.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/time.h"
#include "operator/plan/diagnose.h"
#include "operator/resources/credentials.h"

namespace sb::plan {

// A child in the backend's namespace.
struct ChildRef {
  std::string kind;
  std::string name;
  auto operator<=>(const ChildRef&) const = default;
};

// What is known of one metric's query (scaling/sample.h), reduced to what does not change by
// itself.
struct MetricEvidence {
  enum class State { kUnknown, kFresh, kStale, kEmpty, kFailed };
  enum class Fault {
    kUnreachable,         // no answer, or none that makes sense
    kRejected,            // the query is wrong; asking again does not help
    kCredentialsMissing,  // there are none to send
    kCredentialsRefused,  // the server does not take those that there are
  };
  State state = State::kUnknown;
  std::string error = {};             // kFailed: Prometheus' or the network's own words
  Fault fault = Fault::kUnreachable;  // kFailed
};

// Who serves external.metrics.k8s.io (metrics_api/registration.h).
struct MetricsApi {
  bool ours = true;
  std::string problem;  // when not ours: who serves it, or that nobody does, and what to do
};

// What the Direct engine last decided for a workload, as far as it is worth telling.
struct ScalingState {
  int desired = 0;
  std::string rule;    // scaling::Rule
  std::string reason;  // one sentence
  std::string metric;  // that decided; "": none
  std::string value;
  std::string target;
  long evidence_age_seconds = 0;
  WallTime at;  // when this was decided first
};

// The floor that former days give a workload (scaling/forecaster.h).
struct AnticipatedFloor {
  bool loading = false;  // they have not been asked about yet
  int replicas = 0;      // 0: none
  std::string why = {};  // a sentence without its beginning and end
};

struct Observed {
  // Live objects that carry our labels for this backend (projected, see reconcile/projections.h).
  std::map<ChildRef, ObjectPtr> children;
  std::vector<ObjectPtr> pods;  // in name order
  std::vector<StorageClassName> storage_classes;
  // By target ("api", "worker/default") and metric name.
  std::map<std::pair<std::string, std::string>, MetricEvidence> metrics;
  MetricsApi metrics_api;
  // By target. Empty for a workload of the Direct engine: it has not decided yet.
  std::map<std::string, ScalingState> scaling;

  // By target; of workloads with anticipation.
  std::map<std::string, AnticipatedFloor> anticipated;

  // Names of ours that an object without our labels holds: it is never overwritten.
  std::map<ChildRef, std::string> foreign;
  // What the last attempt to write a child met, in the server's words.
  std::map<ChildRef, std::string> write_errors;

  // Fresh random strings, used only if the credentials do not exist yet.
  resources::Entropy entropy;

  const Json* Find(const std::string& kind, const std::string& name) const {
    auto found = children.find({kind, name});
    return found == children.end() ? nullptr : found->second.get();
  }
};

}  // namespace sb::plan
