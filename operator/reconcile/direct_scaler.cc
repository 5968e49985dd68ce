#include "operator/reconcile/direct_scaler.h"

#include <utility>

#include "common/log.h"
#include "operator/api/autoscaled.h"
#include "operator/api/names.h"
#include "operator/api/parse.h"
#include "operator/plan/engine.h"
#include "operator/plan/replicas.h"
#include "operator/plan/scaling_status.h"
#include "operator/reconcile/scale_writer.h"
#include "operator/scaling/decision.h"
#include "operator/scaling/decision_words.h"

namespace sb::reconcile {
namespace {

// A write that meets other writers reads and decides anew so often; then the next round does.
constexpr int kTries = 3;

plan::ScalingState ToState(const scaling::ShownDecision& shown) {
  const scaling::Decision& decision = *shown.decision();
  return {.desired = decision.replicas,
          .rule = scaling::ToString(decision.rule),
          .reason = decision.reason,
          .metric = decision.metric,
          .value = scaling::Number(decision.value),
          .target = scaling::Number(decision.target),
          .evidence_age_seconds = decision.evidence_age.count(),
          .at = shown.since()};
}

}  // namespace

struct DirectScaler::Workload {
  std::string target;      // "api", "worker/default"
  std::string deployment;  // its name
  api::Autoscaling autoscaling;
  scaling::Policy policy;
  std::optional<scaling::History> history;  // empty while the engine is not at it
  scaling::ShownDecision shown;
  std::string last_error = {};
};

struct DirectScaler::Entry {
  std::string uid;
  std::int64_t generation = -1;
  bool usable = false;  // the spec parses, and the backend is not being deleted
  Json reference;       // for events
  Json status;          // as last read
  std::map<std::string, Workload> workloads;
};

DirectScaler::DirectScaler(const kube::Client& client, const ClusterView& view,
                           const scaling::Sampler& sampler, kube::EventRecorder& recorder,
                           DirectScalerOptions options, const Clock& clock)
    : client_(client),
      view_(view),
      sampler_(sampler),
      recorder_(recorder),
      options_(std::move(options)),
      clock_(clock) {}
DirectScaler::~DirectScaler() = default;

void DirectScaler::Run(std::stop_token stop) {
  TimePoint next_round = clock_.Now();
  while (!stop.stop_requested()) {
    if (clock_.Now() >= next_round) {
      next_round = clock_.Now() + kDirectInterval;
      EvaluateAll();
    }
    std::set<kube::ObjectKey> woken;
    {
      std::unique_lock lock(woken_mutex_);
      wake_.wait_for(lock, stop, next_round - clock_.Now(), [&] { return !woken_.empty(); });
      woken.swap(woken_);
    }
    for (const kube::ObjectKey& key : woken) {
      if (const kube::ObjectPtr object = view_.Backend(key)) Evaluate(object);
    }
  }
}

void DirectScaler::Wake(const kube::ObjectKey& backend) {
  {
    const std::lock_guard lock(woken_mutex_);
    woken_.insert(backend);
  }
  wake_.notify_one();
}

void DirectScaler::EvaluateAll() {
  std::set<kube::ObjectKey> seen;
  for (const kube::ObjectPtr& object : view_.AllBackends()) {
    seen.insert(object->key());
    Evaluate(object);
  }
  std::erase_if(entries_, [&](const auto& entry) { return !seen.contains(entry.first); });
  const std::lock_guard lock(shown_mutex_);
  std::erase_if(states_, [&](const auto& state) { return !seen.contains(state.first); });
  std::erase_if(present_, [&](const auto& each) { return !seen.contains(each.first.first); });
}

void DirectScaler::Evaluate(const kube::ObjectPtr& object) {
  const kube::ObjectKey key = object->key();
  std::unique_ptr<Entry>& known = entries_[key];
  if (!known) known = std::make_unique<Entry>();
  Entry& entry = *known;
  const std::int64_t generation = object->At({"metadata", "generation"}).Integer();
  const bool deleting = static_cast<bool>(object->At({"metadata", "deletionTimestamp"}));
  if (entry.uid != object->uid() || entry.generation != generation || deleting) {
    if (entry.uid != object->uid()) entry.workloads.clear();
    entry.uid = std::string(object->uid());
    entry.generation = generation;
    const Json json = object->ToJson();
    const auto backend = api::Parse(json, options_.defaults);
    entry.usable = backend && !backend->deleting;
    entry.reference = kube::RefTo(json);
    if (entry.usable) {
      std::map<std::string, Workload> workloads;
      api::ForEachAutoscaled(*backend, [&](const std::string& target, const std::string& deployment,
                                           const api::Workload& spec) {
        Workload workload{target, deployment, *spec.autoscaling,
                          scaling::MakePolicy(*spec.autoscaling)};
        workload.policy.paused |= backend->paused;
        // What was learned outlives a change of the spec.
        if (const auto old = entry.workloads.find(target); old != entry.workloads.end()) {
          workload.history = std::move(old->second.history);
          workload.shown = std::move(old->second.shown);
        }
        workloads.emplace(target, std::move(workload));
      });
      entry.workloads = std::move(workloads);
    }
  }
  if (!entry.usable) return;
  entry.status = object->At({"status", "autoscaling"})
                     ? Json{{"autoscaling", object->At({"status", "autoscaling"}).ToJson()}}
                     : Json::object();
  for (auto& [target, workload] : entry.workloads) EvaluateWorkload(key, entry, workload);
}

// Whether the count is this engine's to set now.
bool DirectScaler::IsOurs(const kube::ObjectKey& key, const Workload& workload,
                          const kube::Object& deployment) const {
  if (plan::EngineOf(workload.autoscaling, options_.metrics_api()) != api::Engine::kDirect ||
      deployment.At({"metadata", "deletionTimestamp"}) ||
      view_.Child(kube::HorizontalPodAutoscalers().kind, {key.namespace_, workload.deployment})) {
    return false;
  }
  const kube::Value managed = deployment.At({"metadata", "managedFields"});
  if (!managed) return true;
  const plan::ReplicasOwners owners =
      plan::OwnersOfReplicas({{"metadata", {{"managedFields", managed.ToJson()}}}});
  return !owners.ours || owners.others;
}

scaling::Situation DirectScaler::Look(const kube::ObjectKey& key, const Entry& entry,
                                      const Workload& workload, const Json& deployment) const {
  scaling::Situation situation{
      .current = static_cast<int>(IntAt(deployment, {"spec", "replicas"}, 1)),
      .ready = static_cast<int>(IntAt(deployment, {"status", "readyReplicas"})),
      .created =
          ParseTime(StringAt(deployment, {"metadata", "creationTimestamp"})).value_or(WallTime{})};
  for (const scaling::MetricPolicy& metric : workload.policy.metrics) {
    const auto sample = sampler_.Latest({{key.namespace_, key.name}, workload.target, metric.name});
    scaling::Reading reading{
        sample.value_or(scaling::Sample{.error = "not asked for the first time yet"})};
    reading.pods = reading.sample.pods;
    situation.readings.push_back(std::move(reading));
  }
  if (workload.policy.anticipation) {
    situation.anticipated = options_.anticipated(key, workload.target);
  }
  const Json* told = plan::ScalingEntry(entry.status, workload.target);
  situation.zero_is_ours = (told && IntAt(*told, {"desired"}, -1) == 0) ||
                           (workload.shown.decision() && workload.shown.decision()->replicas == 0 &&
                            workload.shown.decision()->rule != scaling::Rule::kSwitchedOff);
  return situation;
}

void DirectScaler::EvaluateWorkload(const kube::ObjectKey& key, Entry& entry, Workload& workload) {
  const kube::ObjectKey name{key.namespace_, workload.deployment};
  const kube::ObjectPtr cached = view_.Child(kube::Deployments().kind, name);
  if (!cached || !IsOurs(key, workload, *cached)) {
    workload.history.reset();
    workload.shown = {};
    const std::lock_guard lock(shown_mutex_);
    states_[key].erase(workload.target);
    present_.erase({key, workload.target});
    return;
  }
  const WallTime now = clock_.WallNow();
  if (!workload.history) workload.history = scaling::History::Begin(now);
  // Reading a path of the cached object costs little; the whole of it is needed after a conflict
  // only.
  Json deployment = {
      {"metadata",
       {{"resourceVersion", std::string(cached->resource_version())},
        {"creationTimestamp",
         std::string(cached->At({"metadata", "creationTimestamp"}).String())}}},
      {"spec", {{"replicas", cached->At({"spec", "replicas"}).Integer(1)}}},
      {"status", {{"readyReplicas", cached->At({"status", "readyReplicas"}).Integer()}}}};
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const scaling::Situation situation = Look(key, entry, workload, deployment);
    scaling::Outcome outcome = scaling::Decide(workload.policy, situation, *workload.history, now);
    const int before = situation.current;
    const int after = outcome.decision.replicas;
    if (after == before) {
      workload.history = std::move(outcome.history);
      workload.last_error.clear();
      return Settle(key, workload, before, outcome.decision, now);
    }
    const auto written = WriteScale(client_, name, kube::ResourceVersionOf(deployment), after);
    if (written) {
      workload.history = std::move(outcome.history);
      workload.history->NoteChange(before, after, now);
      workload.last_error.clear();
      recorder_.Emit({.regarding = entry.reference,
                      .reason = after > before ? "ScaledOut" : "ScaledIn",
                      .action = "Scale",
                      .note = "Deployment " + workload.deployment + " from " +
                              std::to_string(before) + " to " + std::to_string(after) + ": " +
                              outcome.decision.reason});
      log::Info("scaled", {{"namespace", key.namespace_},
                           {"deployment", workload.deployment},
                           {"before", before},
                           {"after", after},
                           {"rule", scaling::ToString(outcome.decision.rule)},
                           {"reason", outcome.decision.reason}});
      {
        const std::lock_guard lock(shown_mutex_);
        ++present_[{key, workload.target}].changes;
      }
      return Settle(key, workload, after, outcome.decision, now);
    }
    if (written.error().code == ErrorCode::kConflict) {
      auto fresh = client_.Get(kube::Deployments(), name);
      if (fresh) {
        deployment = *std::move(fresh);
        continue;
      }
    }
    // What was seen is kept; the count is not what was decided, so the next round tries again.
    workload.history = std::move(outcome.history);
    if (workload.last_error != written.error().message) {
      workload.last_error = written.error().message;
      log::Warning("the count cannot be written", {{"namespace", key.namespace_},
                                                   {"deployment", workload.deployment},
                                                   {"error", written.error().message}});
      if (written.error().code == ErrorCode::kPermissionDenied) {
        recorder_.Emit(
            {.regarding = entry.reference,
             .type = "Warning",
             .reason = "ScaleFailed",
             .action = "Scale",
             .note = "Deployment " + workload.deployment + ": " + written.error().message});
      }
    }
    const std::lock_guard lock(shown_mutex_);
    ++present_[{key, workload.target}].failures;
    return;
  }
}

void DirectScaler::Settle(const kube::ObjectKey& key, Workload& workload, int current,
                          const scaling::Decision& decision, WallTime now) {
  const bool changed = workload.shown.Offer(decision, now);
  {
    const std::lock_guard lock(shown_mutex_);
    Present& present = present_[{key, workload.target}];
    present.backend = key;
    present.target = workload.target;
    present.current = current;
    present.decision = decision;
    if (changed) states_[key][workload.target] = ToState(workload.shown);
  }
  if (changed) options_.on_change(key);
}

std::map<std::string, plan::ScalingState> DirectScaler::States(
    const kube::ObjectKey& backend) const {
  const std::lock_guard lock(shown_mutex_);
  const auto found = states_.find(backend);
  return found == states_.end() ? std::map<std::string, plan::ScalingState>() : found->second;
}

std::vector<DirectScaler::Present> DirectScaler::Snapshot() const {
  const std::lock_guard lock(shown_mutex_);
  std::vector<Present> all;
  all.reserve(present_.size());
  for (const auto& [key, present] : present_) {
    if (!present.target.empty()) all.push_back(present);
  }
  return all;
}

}  // namespace sb::reconcile
