// Where a metric is read that needs no Prometheus: the pods' own /metrics, or metrics.k8s.io.
// Written as the (url, query) that the sampler keeps one shared sample of.
//
//   SourceOf(backend, "api", backend.api, metric)   // {"pods://shop/todo/api", "requests rate"}
//   ParseSource(url, query)                         // the inverse; empty: it is Prometheus'
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/api/backend.h"

namespace sb::podmetrics {

struct Source {
  std::string url;
  std::string query;
};

Source SourceOf(const api::Backend& backend, const std::string& target,
                const api::Workload& workload, const api::Metric& metric);

enum class Reading {
  kQueueDepth,
  kQueueAge,
  kRequestRate,
  kRequestLatency,
  kResourceAverage,  // percent of the request, averaged over the pods
  kResourceTotal,    // in the resource's unit, over all pods
};

struct PodQuery {
  std::string namespace_name;
  std::string backend;
  std::string target;  // "api", "worker/default"; of a queue any pod of the backend tells
  Reading reading = Reading::kQueueDepth;
  std::string name;    // of the queue, or "cpu", "memory"
  double request = 0;  // kResourceAverage: of one pod
};

std::optional<PodQuery> ParseSource(std::string_view url, std::string_view query);

}  // namespace sb::podmetrics
