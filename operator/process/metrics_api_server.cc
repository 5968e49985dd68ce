#include "operator/process/metrics_api_server.h"

#include <chrono>
#include <utility>

#include "common/log.h"

namespace sb::process {
namespace {

// The HPA's value may be this old in any case, and as old as CadenceOptions::budget if it was asked
// for often: the HPA controller asks every 15 s, and HPAs with one query share it.
constexpr std::chrono::seconds kMaxSampleAge{10};

http::ServerOptions ServerOptions(std::uint16_t port, const http::TlsOptions& tls) {
  http::ServerOptions options;
  options.port = port;
  options.tls = &tls;
  options.max_connections = 64;
  options.max_body_bytes = 64 * 1024;
  return options;
}

}  // namespace

MetricsApiServer::MetricsApiServer(boost::asio::io_context& loop, const kube::Client& client,
                                   scaling::Sampler& sampler, scaling::StandIn& stand_in,
                                   metrics_api::Metrics& metrics, Options options)
    : review_([&client](const std::string& path, const Json& body) {
        return client.PostPath(path, body);
      }),
      authenticator_(review_, SystemClock(), &metrics),
      authorizer_(review_, SystemClock(), &metrics),
      certificate_(client, SystemClock(), {.namespace_name = options.namespace_}),
      api_(
          authenticator_, authorizer_,
          [&sampler, &stand_in](const scaling::MetricId& id, TimePoint deadline) {
            auto sample = sampler.Current(id, kMaxSampleAge, deadline);
            if (sample) sample = stand_in.Replace(id, *std::move(sample), SystemClock().WallNow());
            return sample;
          },
          SystemClock(), &metrics),
      tls_{.current = [this] { return certificate_.Current(); }, .ask_client_certificate = true},
      upkeep_(client, authenticator_, certificate_, std::move(options.is_leading),
              [on_state = std::move(options.on_state)](const metrics_api::ApiServiceState& state) {
                log::Info("metrics API slot", {{"owner", static_cast<int>(state.owner)},
                                               {"available", state.available},
                                               {"message", state.message}});
                on_state();
              }),
      server_(loop, ServerOptions(options.port, tls_),
              [this](const http::Request& request) { return api_.Handle(request); }) {}

plan::MetricsApi MetricsApiServer::State() const {
  const auto state = upkeep_.State();
  if (!state) return {};
  const bool ours = state->owner == metrics_api::SlotOwner::kOurs;
  if (steady_.Observe(ours, SystemClock().Now())) return {};
  return {.ours = false,
          .problem = ours ? "the metrics API was not ours a moment ago" : state->message};
}

}  // namespace sb::process
