#include "operator/reconcile/controller.h"

#include <utility>
#include <vector>

#include "common/log.h"
#include "operator/api/names.h"
#include "operator/api/parse.h"
#include "operator/plan/plan.h"
#include "operator/reconcile/entropy.h"
#include "operator/reconcile/kinds.h"

namespace sb::reconcile {
namespace {

plan::MetricEvidence::Fault FaultOf(ErrorCode code) {
  using Fault = plan::MetricEvidence::Fault;
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return Fault::kRejected;
    case ErrorCode::kUnauthenticated:
      return Fault::kCredentialsMissing;
    case ErrorCode::kPermissionDenied:
      return Fault::kCredentialsRefused;
    default:
      return Fault::kUnreachable;
  }
}

plan::MetricEvidence ToEvidence(const std::optional<scaling::Sample>& sample) {
  using State = plan::MetricEvidence::State;
  if (!sample) return {};
  switch (sample->evidence) {
    case scaling::Evidence::kFresh:
      return {State::kFresh};
    case scaling::Evidence::kStale:
      return {State::kStale, sample->error};
    case scaling::Evidence::kEmpty:
      return {State::kEmpty, sample->error};
    case scaling::Evidence::kFailed:
      return {State::kFailed, sample->error, FaultOf(sample->code)};
  }
  return {};
}

}  // namespace

Controller::Controller(const kube::Client& client, ClusterView& view,
                       const scaling::Sampler& sampler, kube::EventRecorder& recorder,
                       kube::WorkQueue& queue, ReconcileMetrics& metrics, ControllerOptions options,
                       const Clock& clock)
    : client_(client),
      view_(view),
      sampler_(sampler),
      recorder_(recorder),
      queue_(queue),
      metrics_(metrics),
      options_(std::move(options)),
      clock_(clock),
      executor_(client, view),
      runner_(
          queue, [this](const kube::ObjectKey& key, std::stop_token) { return Reconcile(key); },
          {.workers = options_.workers,
           .ready = [this](Duration deadline,
                           std::stop_token stop) { return view_.WaitForSync(deadline, stop); },
           .metrics = options_.kube_metrics},
          clock) {}

Expected<void> Controller::Run(std::stop_token stop) { return runner_.Run(std::move(stop)); }

plan::Observed Controller::Observe(const kube::ObjectKey& key) const {
  plan::Observed observed = view_.Observe(key);
  for (auto& [id, sample] : sampler_.Snapshot({key.namespace_, key.name})) {
    observed.metrics[{id.target, id.metric}] = ToEvidence(sample);
  }
  observed.metrics_api = options_.metrics_api();
  observed.scaling = options_.scaling(key);
  observed.anticipated = options_.anticipated(key);
  observed.entropy = DrawEntropy();
  return observed;
}

Expected<kube::Result> Controller::Reconcile(const kube::ObjectKey& key) {
  const kube::ObjectPtr cached = view_.Backend(key);
  const std::string uid(cached ? cached->uid() : std::string_view());
  if (IsGoing(key, uid) || !cached)
    return kube::Result{};  // deleted: the garbage collector does the rest
  const Json backend = cached->ToJson();
  plan::Observed observed = Observe(key);
  plan::Plan plan = plan::MakePlan(backend, options_.defaults, observed, clock_.WallNow());
  Outcome outcome = executor_.Execute(key, plan, observed);
  metrics_.CountWrites(outcome.writes);
  if (outcome.namespace_going) {
    std::lock_guard lock(going_mutex_);
    going_[key] = uid;
    return kube::Result{};
  }
  if (!outcome.foreign.empty() || !outcome.write_errors.empty()) {
    // The same question again, now with what the writes met: it decides the status only.
    observed.foreign = std::move(outcome.foreign);
    observed.write_errors = std::move(outcome.write_errors);
    plan = plan::MakePlan(backend, options_.defaults, observed, clock_.WallNow());
  }
  if (auto written = WriteStatus(backend, plan.status); !written) {
    return tl::unexpected(written.error());
  }
  Announce(backend, plan.events);
  const bool failed = outcome.transient || !observed.write_errors.empty();
  if (!failed) return kube::Result{.requeue_after = plan.requeue_after};
  // What has to happen at a time does so in spite of a child that cannot be written.
  if (plan.requeue_after) queue_.AddAfter(key, *plan.requeue_after);
  if (outcome.transient) return tl::unexpected(*outcome.transient);
  return Fail(ErrorCode::kInvalidArgument, observed.write_errors.begin()->second);
}

bool Controller::IsGoing(const kube::ObjectKey& key, const std::string& uid) {
  std::lock_guard lock(going_mutex_);
  auto found = going_.find(key);
  if (found == going_.end()) return false;
  if (!uid.empty() && found->second == uid) return true;
  going_.erase(found);
  return false;
}

Expected<void> Controller::WriteStatus(const Json& backend, const Json& status) {
  const Json* present = Find(backend, {"status"});
  if (present && *present == status) return {};
  const Json body = {{"apiVersion", api::kApiVersion},
                     {"kind", api::kKind},
                     {"metadata",
                      {{"name", StringAt(backend, {"metadata", "name"})},
                       {"namespace", StringAt(backend, {"metadata", "namespace"})},
                       {"uid", StringAt(backend, {"metadata", "uid"})}}},
                     {"status", status}};
  auto written = client_.Apply(Backends(), body,
                               {.field_manager = api::kFieldManager, .subresource = "status"});
  if (!written) {
    // Gone, or made anew under the same name: its own event brings it back.
    if (written.error().code == ErrorCode::kNotFound) return {};
    return tl::unexpected(written.error());
  }
  metrics_.CountWrites(1);
  view_.NoteWritten(api::kKind, *written);
  return {};
}

void Controller::Announce(const Json& backend, const std::vector<plan::Event>& events) {
  for (const plan::Event& event : events) {
    recorder_.Emit({.regarding = kube::RefTo(backend),
                    .type = event.warning ? "Warning" : "Normal",
                    .reason = event.reason,
                    .action = "Reconcile",
                    .note = event.note});
    log::Info("event", {{"namespace", StringAt(backend, {"metadata", "namespace"})},
                        {"backend", StringAt(backend, {"metadata", "name"})},
                        {"reason", event.reason},
                        {"note", event.note}});
  }
}

}  // namespace sb::reconcile
