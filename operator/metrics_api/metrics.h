// What the metrics API and the sampler count. Thread-safe. Null pointers to it elsewhere mean "do
// not count".
//
//   scalablebackend_metrics_api_requests_total{code}
//   scalablebackend_metrics_api_reviews_total{review="token|access",result="cached|asked|error"}
//   scalablebackend_prometheus_query_duration_seconds      histogram
//   scalablebackend_prometheus_query_errors_total{code}    code as ToString(ErrorCode)
//   scalablebackend_metric_evidence{namespace,backend,target,metric,state}   1 for the present
//   state, else 0
#pragma once

#include <prometheus/metric_family.h>

#include <memory>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace prometheus {
class Registry;
}
namespace sb::scaling {
class Sampler;
}

namespace sb::metrics_api {

class Metrics {
 public:
  explicit Metrics(::prometheus::Registry& registry);  // must outlive this
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void CountRequest(int status);
  void CountReview(std::string_view review, std::string_view result);
  // For Sampler's Observe.
  void ObserveQuery(Duration took, const Error* error);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

// The gauge scalablebackend_metric_evidence as of now: it is made for each scrape, so that a metric
// that nobody wants any more is gone from it.
std::vector<::prometheus::MetricFamily> CollectEvidence(const scaling::Sampler& sampler);

}  // namespace sb::metrics_api
