// external.metrics.k8s.io/v1beta1, the part of an aggregated API server that the HPA controller
// needs (facts/autoscaling.md §2): discovery, authentication, authorization, and the value of one
// metric.
//
//   MetricsApi metrics_api(authenticator, authorizer, [&](const auto& id, auto deadline) {
//     return sampler.Current(id, 1s, deadline);
//   }, SystemClock(), &metrics);
//   http::Server server(loop, {.port = 8443, .tls = &tls},
//                       [&](const http::Request& request) { return metrics_api.Handle(request); });
//
// Only fresh evidence is a value. Anything else is 503 with the reason, on which the HPA keeps the
// replicas as they are; an answer of 0, or an empty list, would let it scale in.
//
// Handle runs on the loop's thread. What blocks runs on two small pools: one for the API server's
// reviews and one for Prometheus, so that a hanging Prometheus does not make discovery fail. Order
// of destruction: server, this, io_context.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "common/http/server.h"
#include "common/time.h"
#include "operator/metrics_api/authentication.h"
#include "operator/metrics_api/authorization.h"
#include "operator/metrics_api/metrics.h"
#include "operator/scaling/sample.h"

namespace sb::metrics_api {

// From the arrival of a request to the end of the wait for Prometheus.
inline constexpr std::chrono::milliseconds kSampleTimeout{2500};

class MetricsApi {
 public:
  // The present sample of a metric by `deadline`; empty: no such metric. May block.
  using CurrentSample =
      std::function<std::optional<scaling::Sample>(const scaling::MetricId&, TimePoint deadline)>;

  // All must outlive this; `metrics` may be null.
  MetricsApi(Authenticator& authenticator, Authorizer& authorizer, CurrentSample current_sample,
             const Clock& clock, Metrics* metrics = nullptr);
  ~MetricsApi();
  MetricsApi(const MetricsApi&) = delete;
  MetricsApi& operator=(const MetricsApi&) = delete;

  http::Task Handle(const http::Request& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sb::metrics_api
