#include "operator/metrics_api/upkeep.h"

#include <chrono>
#include <utility>

#include "common/log.h"

namespace sb::metrics_api {
namespace {

constexpr std::chrono::seconds kPeriod{60};
constexpr std::chrono::seconds kRetry{5};

kube::ObjectKey AuthoritiesKey() { return {"kube-system", kAuthenticationConfigMap}; }
kube::ObjectKey ApiServiceKey() { return {"", kApiServiceName}; }

// Another replica was faster, or a watch is about to show what we do not know yet.
bool IsRace(const Error& error) {
  return error.code == ErrorCode::kConflict || error.code == ErrorCode::kAlreadyExists;
}

JsonPtr Copy(const kube::ObjectPtr& object) {
  return object ? std::make_shared<const Json>(object->ToJson()) : nullptr;
}

// A first list that is merely under way is not worth a word.
void WarnUnread(const char* what, const kube::Informer& informer) {
  if (const auto error = informer.LastError()) log::Warning(what, {{"error", error->message}});
}

}  // namespace

Upkeep::Upkeep(const kube::Client& client, Authenticator& authenticator,
               ServingCertificate& certificate, std::function<bool()> is_leading, OnState on_state)
    : authenticator_(authenticator),
      certificate_(certificate),
      is_leading_(std::move(is_leading)),
      on_state_(std::move(on_state)),
      authorities_(Watch(client, kube::ConfigMaps(), AuthoritiesKey())),
      secret_(Watch(client, kube::Secrets(), certificate.secret())),
      api_service_(Watch(client, kube::ApiServices(), ApiServiceKey())) {
  for (const auto* informer : {&authorities_, &secret_, &api_service_}) (*informer)->Start();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

Upkeep::~Upkeep() {
  thread_.request_stop();
  for (const auto* informer : {&authorities_, &secret_, &api_service_}) (*informer)->RequestStop();
  thread_.join();
  for (const auto* informer : {&authorities_, &secret_, &api_service_}) (*informer)->Stop();
}

std::unique_ptr<kube::Informer> Upkeep::Watch(const kube::Client& client,
                                              const kube::Resource& resource,
                                              const kube::ObjectKey& key) {
  // RBAC's resourceNames allow a list or watch only with exactly this selector.
  return std::make_unique<kube::Informer>(
      client,
      kube::InformerOptions{.resource = resource,
                            .namespace_ = key.namespace_,
                            .field_selector = "metadata.name=" + key.name},
      [this](const kube::ObjectKey&, const kube::ObjectPtr&, const kube::ObjectPtr&) { Kick(); });
}

void Upkeep::Kick() {
  const std::lock_guard lock(state_mutex_);
  kicked_ = true;
  wake_.notify_all();
}

std::optional<ApiServiceState> Upkeep::State() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

bool Upkeep::LearnAuthorities() {
  constexpr char kWhat[] = "the metrics API does not know the cluster's authorities";
  const kube::ObjectPtr config_map = authorities_->store().Get(AuthoritiesKey());
  if (config_map) {
    authenticator_.OnConfigMap(config_map->ToJson());
  } else if (authorities_->Synced()) {
    log::Warning(kWhat,
                 {{"error", "ConfigMap " + AuthoritiesKey().ToString() + " does not exist"}});
  } else {
    WarnUnread(kWhat, *authorities_);
  }
  return config_map != nullptr;
}

bool Upkeep::RunOnce() {
  constexpr char kWhat[] = "the metrics API cannot keep its certificate";
  const bool good = LearnAuthorities();
  for (const auto* informer : {&secret_, &api_service_}) {
    if ((*informer)->Synced()) continue;
    WarnUnread(kWhat, **informer);
    return false;
  }
  const LiveObjects live{Copy(secret_->store().Get(certificate_.secret())),
                         Copy(api_service_->store().Get(ApiServiceKey()))};
  const auto state = certificate_.Sync(
      live, is_leading_(), [this](const kube::Resource& resource, const Json& object) {
        (resource == kube::Secrets() ? secret_ : api_service_)->NoteWritten(object);
      });
  if (!state) {
    if (!IsRace(state.error())) {
      log::Warning(kWhat, {{"error", state.error().message}});
    }
    return false;
  }
  bool changed = false;
  {
    const std::lock_guard lock(state_mutex_);
    changed = state_ != *state;
    state_ = *state;
  }
  if (changed && on_state_) on_state_(*state);
  return good;
}

void Upkeep::Run(const std::stop_token& stop) {
  const TimePoint patience = SystemClock().Now() + kRetry;
  // An empty list is no change that would kick us, so these two are waited for.
  for (const auto* informer : {&secret_, &api_service_}) {
    (*informer)->WaitForSync(patience - SystemClock().Now(), stop);
  }
  while (!stop.stop_requested()) {
    const bool good = RunOnce();
    std::unique_lock lock(state_mutex_);
    wake_.wait_for(lock, stop, good ? kPeriod : kRetry, [&] { return kicked_; });
    kicked_ = false;
  }
}

}  // namespace sb::metrics_api
