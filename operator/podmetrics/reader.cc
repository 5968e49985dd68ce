#include "operator/podmetrics/reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "operator/api/names.h"
#include "operator/podmetrics/exposition.h"

namespace sb::podmetrics {
namespace {

using std::chrono::seconds;

// A rate is over at least `kSpan` once so much was seen; older counts are dropped.
constexpr seconds kSpan{10};
constexpr std::size_t kQueuePods = 3;
constexpr double kQuantile = 0.95;

promql::InstantVector One(double value, WallTime at) { return {{.value = value, .at = at}}; }

std::vector<PodAddress> Addresses(const std::vector<Pod>& pods) {
  std::vector<PodAddress> addresses;
  for (const Pod& pod : pods) addresses.push_back({pod.ip, api::kMetricsPort});
  return addresses;
}

double SecondsOf(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// As PromQL's histogram_quantile: linear within the bucket that holds it.
double Quantile(const std::map<double, double>& buckets) {
  if (buckets.empty()) return 0;
  const double total = buckets.rbegin()->second;
  if (!(total > 0)) return 0;
  const double rank = kQuantile * total;
  double below = 0;
  double lower = 0;
  for (const auto& [bound, count] : buckets) {
    if (count >= rank) {
      if (std::isinf(bound)) return lower;
      const double in_bucket = count - below;
      return in_bucket > 0 ? lower + (bound - lower) * (rank - below) / in_bucket : bound;
    }
    below = count;
    lower = bound;
  }
  return lower;
}

std::optional<Error> TooFew(std::size_t measured, const std::vector<Pod>& pods,
                            const std::string& why) {
  if (measured > 0 && measured * 2 >= pods.size()) return std::nullopt;
  return Error{ErrorCode::kUnavailable,
               "most of the ready pods cannot be read on port " +
                   std::to_string(api::kMetricsPort) + (why.empty() ? "" : " (" + why + ")") +
                   "; check network policies, and that the image serves /metrics there"};
}

}  // namespace

Expected<promql::InstantVector> Reader::Query(const PodQuery& query, Duration timeout) {
  std::vector<Pod> pods = pods_of_(query.namespace_name, query.backend);
  const bool queue = query.reading == Reading::kQueueDepth || query.reading == Reading::kQueueAge;
  if (IsOfResource(query.reading)) {
    std::erase_if(pods, [&](const Pod& pod) { return pod.target != query.target; });
    return Resource(query, pods);
  }
  std::erase_if(pods, [&](const Pod& pod) {
    return !pod.ready || pod.ip.empty() || (!queue && pod.target != query.target);
  });
  if (pods.empty()) return promql::InstantVector{};
  if (queue) return Queue(query, pods, timeout);
  return Requests(query, pods, timeout);
}

Expected<promql::InstantVector> Reader::Queue(const PodQuery& query, const std::vector<Pod>& pods,
                                              Duration timeout) {
  const char* family =
      query.reading == Reading::kQueueAge ? "queue_oldest_waiting_seconds" : "queue_depth";
  std::optional<double> greatest;
  std::string problem;
  // All pods tell the same, so a few are asked; the others only if these do not know.
  for (std::size_t from = 0; from < pods.size() && !greatest; from += kQueuePods) {
    const std::vector<Pod> some(
        pods.begin() + static_cast<std::ptrdiff_t>(from),
        pods.begin() + static_cast<std::ptrdiff_t>(std::min(pods.size(), from + kQueuePods)));
    for (const auto& answer : scrape_(Addresses(some), timeout)) {
      if (!answer) {
        problem = answer.error().message;
        continue;
      }
      ForEachSample(*answer, [&](const ExposedSample& sample) {
        if (sample.name == family && sample.Label("queue") == query.name) {
          greatest = std::max(greatest.value_or(sample.value), sample.value);
        }
      });
    }
    if (from >= 2 * kQueuePods) break;
  }
  if (greatest) return One(*greatest, clock_.WallNow());
  if (!problem.empty()) {
    return Fail(ErrorCode::kUnavailable, "the pods' /metrics cannot be read: " + problem);
  }
  return promql::InstantVector{};
}

Expected<promql::InstantVector> Reader::Requests(const PodQuery& query,
                                                 const std::vector<Pod>& pods, Duration timeout) {
  const auto answers = scrape_(Addresses(pods), timeout);
  const TimePoint now = clock_.Now();
  const std::lock_guard lock(counts_mutex_);
  auto& known = counts_[query.namespace_name + "/" + query.backend + "/" + query.target +
                        (query.reading == Reading::kRequestRate ? " rate" : " latency")];
  std::erase_if(known, [&](const auto& entry) {
    return std::none_of(pods.begin(), pods.end(),
                        [&](const Pod& pod) { return pod.name == entry.first; });
  });
  std::size_t measured = 0;
  std::size_t with_rate = 0;
  double rate = 0;
  std::map<double, double> buckets;
  std::string problem;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    if (!answers[i]) {
      problem = answers[i].error().message;
      continue;
    }
    ++measured;
    Count count{.at = now};
    ForEachSample(*answers[i], [&](const ExposedSample& sample) {
      if (sample.name == "http_requests_total") {
        count.requests += sample.value;
      } else if (sample.name == "http_request_duration_seconds_bucket") {
        const std::string_view bound = sample.Label("le");
        const double upper = bound == "+Inf" ? std::numeric_limits<double>::infinity()
                                             : std::strtod(std::string(bound).c_str(), nullptr);
        count.buckets[upper] += sample.value;
      }
    });
    Counts& counts = known[pods[i].name];
    if (!counts.empty() && counts.back().requests > count.requests) counts.clear();  // restarted
    counts.push_back(std::move(count));
    // The newest that is old enough stays as the beginning of the span.
    while (counts.size() > 2 && now - counts[1].at >= kSpan) counts.erase(counts.begin());
    const Count& first = counts.front();
    const Count& last = counts.back();
    if (counts.size() < 2 || last.at <= first.at) continue;
    ++with_rate;
    rate += (last.requests - first.requests) / SecondsOf(last.at - first.at);
    for (const auto& [bound, value] : last.buckets) {
      const auto before = first.buckets.find(bound);
      buckets[bound] += value - (before == first.buckets.end() ? 0 : before->second);
    }
  }
  if (auto error = TooFew(measured, pods, problem)) return tl::unexpected(*error);
  // Nothing was seen twice yet: what the rate is shows in a moment.
  if (with_rate == 0) return promql::InstantVector{};
  if (query.reading == Reading::kRequestLatency) return One(Quantile(buckets), clock_.WallNow());
  const double silent = static_cast<double>(pods.size() - measured);
  return One(rate * (1 + silent / static_cast<double>(measured)), clock_.WallNow());
}

Expected<promql::InstantVector> Reader::Resource(const PodQuery& query,
                                                 const std::vector<Pod>& pods) {
  if (pods.empty()) return promql::InstantVector{};
  const auto usage = usage_of_(query);
  if (!usage) return tl::unexpected(usage.error());
  return ResourceValues(pods, *usage,
                        {.resource = query.name,
                         .container = query.container,
                         .percent = query.reading == Reading::kResourcePercent},
                        clock_.WallNow());
}

}  // namespace sb::podmetrics
