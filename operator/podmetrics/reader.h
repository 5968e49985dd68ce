// Answers the queries of source.h from the pods themselves, so that scaling works on a cluster
// without Prometheus: queue depth and age, request rate and latency, cpu and memory.
//
//   Reader reader(pods_of, Scrape, usage_of, SystemClock());
//   auto vector = reader.Query(*ParseSource(url, query), 1s);   // one series, or none (of cpu and
//   memory one a pod)
//
// What the numbers are:
//   queue   the greatest that any of the first pods tells (all tell the same); none tells: empty
//   rate    requests/s over the last 10 to 20 s, summed over the ready pods. A ready pod that
//   cannot
//           be read counts like the others on average; one that was just read for the first time
//           counts nothing. A counter that fell (a restart) begins anew
//   latency the 95th percentile of the requests of that time, in seconds, from the histogram's
//           buckets (linear within one, as histogram_quantile); no request at all is 0
//   cpu, memory   from metrics.k8s.io, a series of each pod (resource_values.h)
// Evidence needs at least half of the ready pods; fewer is kUnavailable. No pod at all is empty.
//
// Thread-safe; blocks for up to the timeout. Memory is bound by the pods that are read.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "operator/podmetrics/resource_values.h"
#include "operator/podmetrics/scrape.h"
#include "operator/podmetrics/source.h"
#include "operator/prometheus/result.h"

namespace sb::podmetrics {

class Reader {
 public:
  using PodsOf = std::function<std::vector<Pod>(const std::string& namespace_name,
                                                const std::string& backend)>;
  using ScrapeAll =
      std::function<std::vector<Expected<std::string>>(const std::vector<PodAddress>&, Duration)>;
  // What each pod of a target uses of cpu or memory, by pod name.
  using UsageOf = std::function<Expected<std::map<std::string, Usage>>(const PodQuery&)>;

  Reader(PodsOf pods_of, ScrapeAll scrape, UsageOf usage_of, const Clock& clock)
      : pods_of_(std::move(pods_of)),
        scrape_(std::move(scrape)),
        usage_of_(std::move(usage_of)),
        clock_(clock) {}

  Expected<promql::InstantVector> Query(const PodQuery& query, Duration timeout);

 private:
  // Counters of one pod at one moment.
  struct Count {
    TimePoint at;
    double requests = 0;
    std::map<double, double> buckets;  // by upper bound, cumulative
  };
  using Counts = std::vector<Count>;  // oldest first

  Expected<promql::InstantVector> Queue(const PodQuery& query, const std::vector<Pod>& pods,
                                        Duration timeout);
  Expected<promql::InstantVector> Requests(const PodQuery& query, const std::vector<Pod>& pods,
                                           Duration timeout);
  Expected<promql::InstantVector> Resource(const PodQuery& query, const std::vector<Pod>& pods);

  const PodsOf pods_of_;
  const ScrapeAll scrape_;
  const UsageOf usage_of_;
  const Clock& clock_;
  std::mutex counts_mutex_;
  std::map<std::string, std::map<std::string, Counts>> counts_;  // by query, then pod
};

}  // namespace sb::podmetrics
