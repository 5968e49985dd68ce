// What Prometheus answers to an instant query, and how an answer is read.
//
//   auto vector = promql::ParseAnswer(200, body, "http://prometheus:9090");
//   if (vector && vector->size() == 1) Use(vector->front().value);
//
// Pure. The namespace is promql, not prometheus: prometheus-cpp owns that name, and code inside
// sb:: would no longer find it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::promql {

// One element of an instant vector. `value` is as Prometheus gave it: NaN and infinities included.
struct Series {
  std::map<std::string, std::string> labels;
  double value = 0;
  WallTime at;
};

// A scalar is a vector of one series without labels.
using InstantVector = std::vector<Series>;

// Reads the answer of /api/v1/query (https://prometheus.io/docs/prometheus/latest/querying/api/).
// `server` is how messages name it. Errors:
//   kInvalidArgument   the query can never work; the message is Prometheus' own text
//   kNotFound          nothing answers /api/v1/query there: the url is wrong
//   kUnauthenticated, kPermissionDenied, kTooManyRequests
//   kDeadlineExceeded  Prometheus gave up on the query
//   kUnavailable       5xx
//   kInternal          not an answer of Prometheus
// Messages of equal causes are equal: none holds a time or a count.
Expected<InstantVector> ParseAnswer(int status, std::string_view body, std::string_view server);

// The same for /api/v1/query_range: the values of its one series, oldest first; none at all is
// empty.
Expected<std::vector<Series>> ParseRangeAnswer(int status, std::string_view body,
                                               std::string_view server);

}  // namespace sb::promql
