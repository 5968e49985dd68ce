// The way of a request through the service: admit, route, guards, validate, handle, count, log.
// What a route does not use costs it nothing.
#pragma once

#include <optional>
#include <vector>

#include "app/http/access_log.h"
#include "app/http/admission.h"
#include "app/http/body_reader.h"
#include "app/http/request_metrics.h"
#include "app/http/router.h"
#include "common/http/server.h"

namespace todo::http {

struct ApiOptions {
  AccessLog::Level access_log = AccessLog::Level::kFailures;
  AdmissionOptions admission = {};
};

// Loop thread only.
class Api {
 public:
  // `metrics` must outlive the Api, and have been made from the same routes in the same order.
  Api(std::vector<Route> routes, const RequestMetrics& metrics, RequestMetrics::Shard& shard,
      const ApiOptions& options = {})
      : router_(std::move(routes)),
        metrics_(metrics),
        shard_(shard),
        admission_(options.admission),
        access_log_(options.access_log) {}

  sb::http::Task Handle(const sb::http::Request& request);
  const std::vector<Route>& routes() const { return router_.routes(); }

 private:
  sb::http::Task Dispatch(const sb::http::Request& request, std::size_t& series);
  sb::http::Task Answer(const Route& route, const Match& match, Call& call);
  // Fills `call`; the answer if something is wrong.
  std::optional<sb::http::Response> Validate(const Route& route, const Match& match, Call& call);

  const Router router_;
  const RequestMetrics& metrics_;
  RequestMetrics::Shard& shard_;
  Admission admission_;
  AccessLog access_log_;
  BodyReader body_reader_;
};

// The labels of `routes`, for RequestMetrics.
std::vector<RequestMetrics::RouteLabels> LabelsOf(const std::vector<Route>& routes);

}  // namespace todo::http
