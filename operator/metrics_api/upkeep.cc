#include "operator/metrics_api/upkeep.h"

#include <chrono>
#include <utility>

#include "common/log.h"

namespace sb::metrics_api {
namespace {

constexpr std::chrono::seconds kPeriod{60};
constexpr std::chrono::seconds kRetry{5};

}  // namespace

Upkeep::Upkeep(const kube::Client& client, Authenticator& authenticator,
               ServingCertificate& certificate, std::function<bool()> is_leading, OnState on_state)
    : client_(client),
      authenticator_(authenticator),
      certificate_(certificate),
      is_leading_(std::move(is_leading)),
      on_state_(std::move(on_state)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Upkeep::~Upkeep() {
  thread_.request_stop();
  thread_.join();
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

bool Upkeep::RunOnce() {
  bool good = true;
  const auto config_map =
      client_.Get(kube::ConfigMaps(), {"kube-system", kAuthenticationConfigMap});
  if (config_map) {
    authenticator_.OnConfigMap(*config_map);
  } else {
    good = false;
    log::Warning("the metrics API does not know the cluster's authorities",
                 {{"error", config_map.error().message}});
  }
  const auto state = certificate_.Sync(is_leading_());
  if (!state) {
    log::Warning("the metrics API cannot keep its certificate", {{"error", state.error().message}});
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
  while (!stop.stop_requested()) {
    const bool good = RunOnce();
    std::unique_lock lock(state_mutex_);
    wake_.wait_for(lock, stop, good ? kPeriod : kRetry, [&] { return kicked_; });
    kicked_ = false;
  }
}

}  // namespace sb::metrics_api
