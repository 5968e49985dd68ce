// Keeps one shared sample of each distinct source (url, query, how it is asked): polled in the
// background, so that the state of a metric is known even when nobody asks, and asked anew when the
// HPA wants the present value. How often: polled_source.h.
//
//   Sampler sampler(ask, SystemClock(), {}, enqueue_backend);
//   sampler.SetWanted({"default", "todo"}, {{id, "http://prometheus:9090", "sum(…)"}});
//   auto known = sampler.Latest(id);   // no I/O: for the reconcile loop and the Direct engine
//   auto now = sampler.Current(id, 10s, SystemClock().Now() + 2500ms);   // may ask: for the HPA
//
// Thread-safe. Threads: `threads` of its own, and callers of Current. Memory is bound by what is
// wanted. A source is never asked twice at once; at most `per_server` background polls and
// `asks_per_server` callers wait for one server, so that a hanging one cannot starve the others,
// and a thousand queries take ten connections. Stop() and the destructor wait for at most one query
// timeout.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/time.h"
#include "operator/prometheus/result.h"
#include "operator/scaling/polled_source.h"
#include "operator/scaling/sample.h"

namespace sb::scaling {

struct WantedMetric {
  MetricId id;
  std::string url;    // of Prometheus
  std::string query;  // variables already expanded
  // How often to poll it; 0: CadenceOptions; kOnDemand: never, it is asked when somebody wants the
  // present value. Of several who want one source the shortest counts.
  std::chrono::milliseconds interval{0};
  std::shared_ptr<const api::PrometheusAccess> access = {};  // null: nothing beyond the url
  bool per_pod = false;                                      // as in Source
};

struct SamplerOptions {
  CadenceOptions cadence = {};               // each interval ±10 %
  std::chrono::milliseconds timeout{3'000};  // of one background poll
  int threads = 4;                           // 0: none, the owner calls PollOne() itself (tests)
  int per_server = 2;
  int asks_per_server = 8;
};

class Sampler {
 public:
  // Asks a source, or is a script. Must end within the timeout.
  using Query = std::function<Expected<promql::InstantVector>(const Source&, Duration timeout)>;
  // Told when SameEvidence no longer holds for a metric of the backend. Called without locks held,
  // from any thread; must not block.
  using OnEvidenceChange = std::function<void(const BackendKey&)>;
  // Told when a sample of the backend says another number than the one before, or another evidence.
  // Called like OnEvidenceChange.
  using OnNews = std::function<void(const BackendKey&)>;
  // For metrics: how long a query took, and its error if it failed. Thread-safe.
  using Observe = std::function<void(Duration, const Error*)>;

  Sampler(Query query, const Clock& clock, SamplerOptions options = {},
          OnEvidenceChange on_evidence_change = {}, Observe observe = {}, OnNews on_news = {});
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // From now on exactly these metrics are wanted for `backend`. Cheap if nothing changed. A source
  // that somebody else wants already brings its sample along; a new one is polled at once.
  void SetWanted(const BackendKey& backend, std::vector<WantedMetric> metrics);
  void Forget(const BackendKey& backend);

  // The sample as known, without I/O. Empty: not wanted, or not asked for the first time yet. While
  // SameEvidence holds, `error` stays word for word what it was, so a status need not be rewritten.
  std::optional<Sample> Latest(const MetricId& id) const;

  // The sample if it is younger than `max_age` or its source has been asked enough lately, else a
  // new one; callers who ask for the same source at once share one query. kFailed with
  // kDeadlineExceeded if `deadline` passes. Empty: not wanted.
  std::optional<Sample> Current(const MetricId& id, Duration max_age, TimePoint deadline);

  // Every wanted metric and what is known of it.
  std::vector<std::pair<MetricId, std::optional<Sample>>> Snapshot() const;
  // The same of one backend, at the cost of its own metrics.
  std::vector<std::pair<MetricId, std::optional<Sample>>> Snapshot(const BackendKey& backend) const;

  // How long a poll has been due while no answer, good or bad, came from anywhere. For readiness: a
  // sampler that is stuck knows nothing, which is worse than a Prometheus that is away.
  Duration StuckFor() const;

  // Runs the poll that is due for longest. False: none is due.
  bool PollOne();

  // No further polls. Idempotent.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sb::scaling
