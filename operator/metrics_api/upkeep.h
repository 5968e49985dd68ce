// Keeps what the metrics API lives on current: the authorities that vouch for its callers, its own
// certificate, and the APIService that leads to it. Each of the three objects is watched, so that a
// rotation is noticed at once and a settled operator reads nothing.
//
//   Upkeep upkeep(client, authenticator, certificate, [&] { return elector.IsLeading(); },
//                 on_state);
//   upkeep.Kick();   // leadership changed
//
// One thread, and one for each watch. Does a round at every change, and once a minute to see
// whether the certificate is due. Stops with its destructor, within one API call's deadline.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "common/error.h"
#include "operator/kube/client.h"
#include "operator/kube/informer.h"
#include "operator/metrics_api/authentication.h"
#include "operator/metrics_api/registration.h"
#include "operator/metrics_api/serving_certificate.h"

namespace sb::metrics_api {

class Upkeep {
 public:
  // Told when the state differs from the last one told, on the upkeep's thread.
  using OnState = std::function<void(const ApiServiceState&)>;

  // All must outlive this. `is_leading` is thread-safe.
  Upkeep(const kube::Client& client, Authenticator& authenticator, ServingCertificate& certificate,
         std::function<bool()> is_leading, OnState on_state = {});
  ~Upkeep();

  // Do a round now. Cheap, never blocks.
  void Kick();

  // Who holds the slot, as last seen. Empty before the first round that worked.
  std::optional<ApiServiceState> State() const;

  // One round, on the caller's thread: what the thread does. False if something failed or has not
  // been read yet.
  bool RunOnce();

 private:
  std::unique_ptr<kube::Informer> Watch(const kube::Client& client, const kube::Resource& resource,
                                        const kube::ObjectKey& key);
  void Run(const std::stop_token& stop);
  bool LearnAuthorities();

  Authenticator& authenticator_;
  ServingCertificate& certificate_;
  const std::function<bool()> is_leading_;
  const OnState on_state_;

  mutable std::mutex state_mutex_;  // guards kicked_ and state_
  std::condition_variable_any wake_;
  bool kicked_ = false;
  std::optional<ApiServiceState> state_;

  const std::unique_ptr<kube::Informer> authorities_;
  const std::unique_ptr<kube::Informer> secret_;
  const std::unique_ptr<kube::Informer> api_service_;
  std::jthread thread_;
};

}  // namespace sb::metrics_api
