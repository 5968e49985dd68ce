// What /metrics answers.
//
//   response.content_type = metrics::kContentType;
//   response.body = metrics::Exposition({&registry, &process_metrics});
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <vector>

namespace sb::metrics {

inline constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// In the order of a scrape. Not owned.
using Collectables = std::vector<const prometheus::Collectable*>;

// What `collectables` hold, in Prometheus' text format. As thread-safe as they are.
std::string Exposition(const Collectables& collectables);

}  // namespace sb::metrics
