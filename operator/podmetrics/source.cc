#include "operator/podmetrics/source.h"

#include <vector>

#include "common/json.h"

namespace sb::podmetrics {
namespace {

constexpr std::string_view kScheme = "pods://";

std::vector<std::string> Split(std::string_view text, char separator, std::size_t most) {
  std::vector<std::string> parts;
  while (parts.size() + 1 < most) {
    const std::size_t end = text.find(separator);
    if (end == std::string_view::npos) break;
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

}  // namespace

Source SourceOf(const api::Backend& backend, const std::string& target, const api::Metric& metric) {
  const std::string url = std::string(kScheme) + backend.namespace_ + "/" + backend.name + "/";
  switch (metric.type) {
    case api::MetricType::kQueue:
      return {url + "api", (metric.measure == api::Measure::kAge ? "queue-age " : "queue-depth ") +
                               metric.queue};
    case api::MetricType::kRequests:
      return {url + target,
              metric.measure == api::Measure::kLatency ? "requests latency" : "requests rate"};
    case api::MetricType::kResource: {
      const bool percent = metric.target.type == api::TargetType::kAverageUtilization;
      return {url + target, std::string(percent ? "percent " : "amount ") + metric.resource +
                                (metric.container.empty() ? "" : " " + metric.container)};
    }
    case api::MetricType::kPrometheus:
      break;
  }
  return {backend.prometheus_url, metric.promql};
}

std::optional<PodQuery> ParseSource(std::string_view url, std::string_view query) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  const auto place = Split(url.substr(kScheme.size()), '/', 3);
  const auto words = Split(query, ' ', 3);
  if (place.size() != 3 || words.size() < 2) return std::nullopt;
  PodQuery parsed{
      .namespace_name = place[0], .backend = place[1], .target = place[2], .name = words[1]};
  if (words[0] == "queue-depth" || words[0] == "queue-age") {
    parsed.reading = words[0] == "queue-age" ? Reading::kQueueAge : Reading::kQueueDepth;
  } else if (words[0] == "requests") {
    parsed.reading = words[1] == "latency" ? Reading::kRequestLatency : Reading::kRequestRate;
  } else if (words[0] == "percent" || words[0] == "amount") {
    parsed.reading = words[0] == "percent" ? Reading::kResourcePercent : Reading::kResourceAmount;
    if (words.size() == 3) parsed.container = words[2];
  } else {
    return std::nullopt;
  }
  return parsed;
}

}  // namespace sb::podmetrics
