// Where a metric is read that needs no Prometheus: the pods' own /metrics, or metrics.k8s.io.
// Written as the (url, query) that the sampler keeps one shared sample of.
//
//   SourceOf(backend, "api", metric)   // {"pods://shop/todo/api", "requests rate"}
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

Source SourceOf(const api::Backend& backend, const std::string& target, const api::Metric& metric);

enum class Reading {
  kQueueDepth,
  kQueueAge,
  kRequestRate,
  kRequestLatency,
  kResourcePercent,  // of each pod, of what it requests
  kResourceAmount,   // of each pod, in the resource's unit
};

// Whether a reading has a value of each pod.
inline bool IsOfResource(Reading reading) {
  return reading == Reading::kResourcePercent || reading == Reading::kResourceAmount;
}

struct PodQuery {
  std::string namespace_name;
  std::string backend;
  std::string target;  // "api", "worker/default"; of a queue any pod of the backend tells
  Reading reading = Reading::kQueueDepth;
  std::string name;       // of the queue, or "cpu", "memory"
  std::string container;  // of a resource: this one of each pod; "": all
};

std::optional<PodQuery> ParseSource(std::string_view url, std::string_view query);

}  // namespace sb::podmetrics
