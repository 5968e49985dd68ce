// What a path of the metrics API asks for. Pure; safe on any input.
//
//   ParseRoute("/apis/external.metrics.k8s.io/v1beta1/namespaces/default/rate")   // MetricRoute
//   MetricOf(route, "labelSelector=scalablebackend.io%2Fname%3Dtodo%2C…")         // which metric
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/error.h"
#include "operator/scaling/sample.h"

namespace sb::metrics_api {

struct HealthRoute {};
enum class Document { kGroupList, kSingleGroup, kResourceList };
struct DocumentRoute {
  Document document;
};
struct MetricRoute {
  std::string namespace_name;
  std::string metric;
};
struct NoRoute {};

using Route = std::variant<NoRoute, HealthRoute, DocumentRoute, MetricRoute>;

// `path` as sent: percent-encoded, without the query.
Route ParseRoute(std::string_view path);

// The metric that the labels in `labelSelector` of `query` name: those that the operator puts into
// its HPAs. kInvalidArgument: no selector, or not of the form key=value,…; kNotFound: it lacks the
// labels scalablebackend.io/name and component, so it is none of ours.
Expected<scaling::MetricId> MetricOf(const MetricRoute& route, std::string_view query);

}  // namespace sb::metrics_api
