// The metrics API with everything it lives on: authentication, authorization, its certificate and
// its server.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "common/http/server.h"
#include "operator/kube/client.h"
#include "operator/metrics_api/server.h"
#include "operator/metrics_api/slot_steadiness.h"
#include "operator/metrics_api/upkeep.h"
#include "operator/plan/observed.h"
#include "operator/scaling/sampler.h"
#include "operator/scaling/stand_in.h"

namespace sb::process {

class MetricsApiServer {
 public:
  struct Options {
    std::uint16_t port = 8443;
    std::string namespace_;  // of the Secret and the Service
    std::function<bool()> is_leading;
    // The owner of the API slot changed: every condition about scaling may have.
    std::function<void()> on_state;
  };

  // All references must outlive this.
  MetricsApiServer(boost::asio::io_context& loop, const kube::Client& client,
                   scaling::Sampler& sampler, scaling::StandIn& stand_in,
                   metrics_api::Metrics& metrics, Options options);

  // Leadership changed.
  void Kick() { upkeep_.Kick(); }

  // Who serves the metrics API, for the plan. Thread-safe, no I/O.
  plan::MetricsApi State() const;

  // Whether there is a certificate to serve with.
  bool HasCertificate() const { return certificate_.Current() != nullptr; }

 private:
  metrics_api::Review review_;
  metrics_api::Authenticator authenticator_;
  metrics_api::Authorizer authorizer_;
  metrics_api::ServingCertificate certificate_;
  metrics_api::MetricsApi api_;
  http::TlsOptions tls_;
  metrics_api::Upkeep upkeep_;
  mutable metrics_api::SlotSteadiness steady_;
  http::Server server_;
};

}  // namespace sb::process
