// What the sampler asks, and by what two who want the same are known: equal sources share one
// sample, and nobody gets what was asked with somebody else's credentials.
//
//   Source source{"http://prometheus:9090", "sum(up)"};
//
// A plain value.
#pragma once

#include <compare>
#include <memory>
#include <string>

#include "operator/api/prometheus_access.h"

namespace sb::scaling {

struct Source {
  std::string url;    // of Prometheus, or of pods (podmetrics/source.h)
  std::string query;  // variables already expanded
  std::shared_ptr<const api::PrometheusAccess> access = {};  // null: nothing beyond the url
  bool per_pod = false;  // the answer has a series of each pod (EvaluatePods)

  friend bool operator==(const Source& a, const Source& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const Source& a, const Source& b) {
    if (const auto order = a.url <=> b.url; order != 0) return order;
    if (const auto order = a.query <=> b.query; order != 0) return order;
    if (const auto order = a.per_pod <=> b.per_pod; order != 0) return order;
    static const api::PrometheusAccess plain;
    return (a.access ? *a.access : plain) <=> (b.access ? *b.access : plain);
  }
};

}  // namespace sb::scaling
