// The Direct engine: decides every two seconds, and as soon as there is something new to decide
// from, how many pods each of its workloads should have, from the samples that the sampler keeps,
// and writes the count through /scale when it changes. Runs on the leader only.
//
//   DirectScaler scaler(client, view, sampler, recorder, {.defaults = …, .metrics_api = …});
//   scaler.Run(stop);                      // on a thread of its own
//   scaler.Wake(key);                      // from the sampler: this backend has a new value
//   observed.scaling = scaler.States(key)  // for the status
//
// What keeps a count still: an HPA object of the workload that is not gone yet, an ownership of
// spec.replicas that is not handed over yet (plan/replicas.h), `paused` of the backend or its
// autoscaling, a spec that does not parse. A conflict is answered by reading and deciding anew,
// never by writing the same number again. After a change of leader the history is empty, which only
// delays scaling in (scaling/decision.h).
//
// Thread-safe: Wake, States and Snapshot may be called from any thread, Run and EvaluateAll from
// one.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "common/time.h"
#include "operator/api/backend.h"
#include "operator/kube/client.h"
#include "operator/kube/event_recorder.h"
#include "operator/plan/observed.h"
#include "operator/reconcile/cluster_view.h"
#include "operator/scaling/anticipation.h"
#include "operator/scaling/sampler.h"
#include "operator/scaling/shown_decision.h"

namespace sb::reconcile {

// Between two evaluations of a workload, and between two samples of its metrics.
inline constexpr std::chrono::milliseconds kDirectInterval{2000};

struct DirectScalerOptions {
  api::OperatorDefaults defaults;
  std::function<plan::MetricsApi()> metrics_api;
  // The floor that former days give a target of a backend (scaling::Forecaster). Thread-safe, no
  // I/O.
  std::function<std::optional<scaling::Anticipated>(const kube::ObjectKey&, const std::string&)>
      anticipated = [](const kube::ObjectKey&, const std::string&) {
        return std::optional<scaling::Anticipated>();
      };
  // What States() says of a backend has changed. Must not block.
  std::function<void(const kube::ObjectKey&)> on_change = [](const kube::ObjectKey&) {};
};

class DirectScaler {
 public:
  // All references must outlive this.
  DirectScaler(const kube::Client& client, const ClusterView& view, const scaling::Sampler& sampler,
               kube::EventRecorder& recorder, DirectScalerOptions options,
               const Clock& clock = SystemClock());
  ~DirectScaler();

  void Run(std::stop_token stop);
  // The backend is looked at now instead of with the next round. Never blocks.
  void Wake(const kube::ObjectKey& backend);
  // One round over all backends.
  void EvaluateAll();

  // What is worth telling of each workload that the engine scales, by target.
  std::map<std::string, plan::ScalingState> States(const kube::ObjectKey& backend) const;

  // The present decision of every workload, for metrics.
  struct Present {
    kube::ObjectKey backend;
    std::string target;
    int current = 0;
    scaling::Decision decision;
    std::uint64_t changes = 0;  // writes of the count by this process
    std::uint64_t failures = 0;
  };
  std::vector<Present> Snapshot() const;

 private:
  struct Workload;
  struct Entry;

  void Evaluate(const kube::ObjectPtr& object);
  void EvaluateWorkload(const kube::ObjectKey& key, Entry& entry, Workload& workload);
  bool IsOurs(const kube::ObjectKey& key, const Workload& workload,
              const kube::Object& deployment) const;
  scaling::Situation Look(const kube::ObjectKey& key, const Entry& entry, const Workload& workload,
                          const Json& deployment) const;
  void Settle(const kube::ObjectKey& key, Workload& workload, int current,
              const scaling::Decision& decision, WallTime now);

  const kube::Client& client_;
  const ClusterView& view_;
  const scaling::Sampler& sampler_;
  kube::EventRecorder& recorder_;
  const DirectScalerOptions options_;
  const Clock& clock_;

  std::map<kube::ObjectKey, std::unique_ptr<Entry>> entries_;  // the evaluating thread's

  std::mutex woken_mutex_;  // guards the next
  std::set<kube::ObjectKey> woken_;
  std::condition_variable_any wake_;

  mutable std::mutex shown_mutex_;  // guards the two below
  std::map<kube::ObjectKey, std::map<std::string, plan::ScalingState>> states_;
  std::map<std::pair<kube::ObjectKey, std::string>, Present> present_;
};

}  // namespace sb::reconcile
