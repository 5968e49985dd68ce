// The loop around the plan: takes a key, observes, plans, carries out, writes the status and the
// events.
//
//   Controller controller(client, view, sampler, recorder, defaults, …);
//   controller.Enqueue({"default", "todo"});   // from any watch
//   auto ran = controller.Run(stop);           // on the leader; returns when its workers have
//   ended
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "common/time.h"
#include "operator/api/backend.h"
#include "operator/kube/client.h"
#include "operator/kube/event_recorder.h"
#include "operator/kube/runner.h"
#include "operator/kube/work_queue.h"
#include "operator/reconcile/cluster_view.h"
#include "operator/reconcile/executor.h"
#include "operator/reconcile/reconcile_metrics.h"
#include "operator/scaling/sampler.h"

namespace sb::reconcile {

struct ControllerOptions {
  api::OperatorDefaults defaults;
  int workers = 2;
  // Who serves the metrics API now. Thread-safe, no I/O.
  std::function<plan::MetricsApi()> metrics_api;
  // What the Direct engine decided for the workloads of a backend (DirectScaler::States).
  std::function<std::map<std::string, plan::ScalingState>(const kube::ObjectKey&)> scaling =
      [](const kube::ObjectKey&) { return std::map<std::string, plan::ScalingState>(); };
  // The floors that former days give the targets of a backend (scaling::Forecaster).
  std::function<std::map<std::string, plan::AnticipatedFloor>(const kube::ObjectKey&)> anticipated =
      [](const kube::ObjectKey&) { return std::map<std::string, plan::AnticipatedFloor>(); };
  kube::Metrics* kube_metrics = nullptr;  // must outlive the controller
};

class Controller {
 public:
  // All references must outlive this. Thread-safe.
  Controller(const kube::Client& client, ClusterView& view, const scaling::Sampler& sampler,
             kube::EventRecorder& recorder, kube::WorkQueue& queue, ReconcileMetrics& metrics,
             ControllerOptions options, const Clock& clock = SystemClock());

  // Until `stop`; see kube::Runner. An error: the caches were not filled in time.
  Expected<void> Run(std::stop_token stop);

  // One pass over one backend. An error is transient: the caller queues the key again with a
  // back-off.
  Expected<kube::Result> Reconcile(const kube::ObjectKey& key);

 private:
  bool IsGoing(const kube::ObjectKey& key, const std::string& uid);
  plan::Observed Observe(const kube::ObjectKey& key) const;
  Expected<void> WriteStatus(const Json& backend, const Json& status);
  void Announce(const Json& backend, const std::vector<plan::Event>& events);

  const kube::Client& client_;
  ClusterView& view_;
  const scaling::Sampler& sampler_;
  kube::EventRecorder& recorder_;
  kube::WorkQueue& queue_;
  ReconcileMetrics& metrics_;
  const ControllerOptions options_;
  const Clock& clock_;
  const Executor executor_;
  kube::Runner runner_;

  // UIDs of backends whose namespace is being deleted: making again what the namespace controller
  // removes would only be refused, once for each child. Forgotten with the backend.
  std::mutex going_mutex_;
  std::map<kube::ObjectKey, std::string> going_;
};

}  // namespace sb::reconcile
