#include "operator/metrics_api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

#include "operator/scaling/sampler.h"

namespace sb::metrics_api {
namespace {

template <typename Builder>
auto& Family(::prometheus::Registry& registry, Builder builder, const char* name,
             const char* text) {
  return builder.Name(name).Help(text).Register(registry);
}

}  // namespace

struct Metrics::Families {
  explicit Families(::prometheus::Registry& registry)
      : requests(Family(registry, ::prometheus::BuildCounter(),
                        "scalablebackend_metrics_api_requests_total",
                        "Requests to external.metrics.k8s.io by HTTP status")),
        reviews(Family(registry, ::prometheus::BuildCounter(),
                       "scalablebackend_metrics_api_reviews_total",
                       "Token and access reviews, from the cache or asked from the API server")),
        query_errors(Family(registry, ::prometheus::BuildCounter(),
                            "scalablebackend_prometheus_query_errors_total",
                            "Queries to Prometheus that gave no vector, by the kind of failure")),
        query_duration(
            Family(registry, ::prometheus::BuildHistogram(),
                   "scalablebackend_prometheus_query_duration_seconds",
                   "Time that queries to Prometheus took")
                .Add({}, ::prometheus::Histogram::BucketBoundaries{0.002, 0.005, 0.01, 0.025, 0.05,
                                                                   0.1, 0.25, 0.5, 1, 2.5, 5})) {}

  ::prometheus::Family<::prometheus::Counter>& requests;
  ::prometheus::Family<::prometheus::Counter>& reviews;
  ::prometheus::Family<::prometheus::Counter>& query_errors;
  ::prometheus::Histogram& query_duration;
};

Metrics::Metrics(::prometheus::Registry& registry)
    : families_(std::make_unique<Families>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::CountRequest(int status) {
  families_->requests.Add({{"code", std::to_string(status)}}).Increment();
}

void Metrics::CountReview(std::string_view review, std::string_view result) {
  families_->reviews.Add({{"review", std::string(review)}, {"result", std::string(result)}})
      .Increment();
}

void Metrics::ObserveQuery(Duration took, const Error* error) {
  families_->query_duration.Observe(std::chrono::duration<double>(took).count());
  if (error != nullptr) families_->query_errors.Add({{"code", ToString(error->code)}}).Increment();
}

std::vector<::prometheus::MetricFamily> CollectEvidence(const scaling::Sampler& sampler) {
  using scaling::Evidence;
  ::prometheus::MetricFamily family;
  family.name = "scalablebackend_metric_evidence";
  family.help = "What is known of a backend's metric: 1 for its present state";
  family.type = ::prometheus::MetricType::Gauge;
  for (const auto& [id, sample] : sampler.Snapshot()) {
    for (const Evidence state :
         {Evidence::kFresh, Evidence::kStale, Evidence::kEmpty, Evidence::kFailed}) {
      ::prometheus::ClientMetric metric;
      metric.label = {{"namespace", id.backend.namespace_name},
                      {"backend", id.backend.name},
                      {"target", id.target},
                      {"metric", id.metric},
                      {"state", scaling::ToString(state)}};
      metric.gauge.value = sample && sample->evidence == state ? 1 : 0;
      family.metric.push_back(std::move(metric));
    }
  }
  if (family.metric.empty()) return {};
  return {std::move(family)};
}

}  // namespace sb::metrics_api
