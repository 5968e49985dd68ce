#include "operator/kube/metrics.h"

#include <prometheus/registry.h>

#include <chrono>

#include "common/metrics/family.h"
#include "operator/kube/metric_families.h"

namespace sb::kube {
namespace {

using prometheus::MetricType;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Gauge>& Gauges(prometheus::Registry& registry, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Histogram>& Histograms(prometheus::Registry& registry,
                                                      const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Families::Families(prometheus::Registry& r)
    : requests(Counters(r, "rest_client_requests_total",
                        "Requests to the API server by status code, method and host")),
      request_seconds(Histograms(r, "rest_client_request_duration_seconds",
                                 "Time of a request to the API server, watches apart")),
      queue_adds(Counters(r, "workqueue_adds_total", "Keys added to the queue")),
      queue_retries(Counters(r, "workqueue_retries_total", "Keys added again after a failure")),
      queue_wait(
          Histograms(r, "workqueue_queue_duration_seconds", "How long a key waited for a worker")),
      queue_work(
          Histograms(r, "workqueue_work_duration_seconds", "How long a worker took for a key")),
      reconciles(Counters(r, "controller_runtime_reconcile_total", "Passes by their result")),
      reconcile_errors(
          Counters(r, "controller_runtime_reconcile_errors_total", "Passes that failed")),
      terminal_errors(Counters(r, "controller_runtime_terminal_reconcile_errors_total",
                               "Passes that failed in a way that trying again cannot mend")),
      panics(Counters(r, "controller_runtime_reconcile_panics_total",
                      "Passes that ended in an exception")),
      reconcile_seconds(
          Histograms(r, "controller_runtime_reconcile_time_seconds", "Time of one pass")),
      active_workers(
          Gauges(r, "controller_runtime_active_workers", "Workers inside a pass right now")),
      most_workers(
          Gauges(r, "controller_runtime_max_concurrent_reconciles", "Workers of the controller")),
      lists(Counters(r, "reflector_lists_total", "Full lists, page by page counted once")),
      watches(Counters(r, "reflector_watches_total", "Watch connections opened")),
      short_watches(Counters(r, "reflector_short_watches_total",
                             "Watches that ended at once without an event")),
      watch_errors(Counters(r, "reflector_errors_total", "Failed lists and watches by error code")),
      items(Gauges(r, "reflector_items", "Objects in the cache")),
      leading(Gauges(r, "leader_election_master_status", "1 while this process leads")),
      slow_paths(Counters(r, "leader_election_slowpath_total",
                          "Renewals of the Lease that had to read it first")),
      dropped_events(Counters(r, "events_dropped_total",
                              "Events not written: queue full or too many per object")
                         .Add({})) {}

Metrics::Metrics(prometheus::Registry& registry, MetricsOptions options)
    : options_(std::move(options)), families_(std::make_unique<Families>(registry)) {}

Metrics::~Metrics() = default;

void Metrics::Watch(const QueueMetrics* queue, const std::string& name,
                    QueueMetrics::Source source) {
  std::lock_guard lock(queues_mutex_);
  queues_[queue] = {name, std::move(source)};
}

void Metrics::Unwatch(const QueueMetrics* queue) {
  std::lock_guard lock(queues_mutex_);
  queues_.erase(queue);
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  auto depth = metrics::Family("workqueue_depth", "Keys that wait for a worker", MetricType::Gauge);
  auto unfinished =
      metrics::Family("workqueue_unfinished_work_seconds",
                      "Time spent so far on keys being worked on; growth says that a worker hangs",
                      MetricType::Gauge);
  auto longest = metrics::Family("workqueue_longest_running_processor_seconds",
                                 "Time spent so far on the key that is being worked on longest",
                                 MetricType::Gauge);
  std::lock_guard lock(queues_mutex_);
  for (const auto& [queue, watched] : queues_) {
    const QueueGauges gauges = watched.source();
    const metrics::Labels labels{{"name", watched.name}, {"controller", watched.name}};
    metrics::Labels normal = labels;
    normal.emplace_back("priority", "0");
    metrics::Labels low = labels;
    low.emplace_back("priority", "-100");  // controller-runtime's number for it
    metrics::AddSample(depth, static_cast<double>(gauges.depth_normal), normal);
    metrics::AddSample(depth, static_cast<double>(gauges.depth_low), low);
    metrics::AddSample(unfinished, Seconds(gauges.unfinished), labels);
    metrics::AddSample(longest, Seconds(gauges.longest), labels);
  }
  return {std::move(depth), std::move(unfinished), std::move(longest)};
}

// A request takes a millisecond; looking its series up takes one microsecond of it.
void Metrics::CountRequest(std::string_view method, int status) {
  prometheus::Labels labels{
      {"method", std::string(method)},
      {"code", status == 0 ? std::string("<error>") : std::to_string(status)}};
  if (!options_.host.empty()) labels.emplace("host", options_.host);
  families_->requests.Add(labels).Increment();
}

void Metrics::ObserveRequest(std::string_view method, int status, Duration took) {
  CountRequest(method, status);
  prometheus::Labels labels{{"verb", std::string(method)}};
  if (!options_.host.empty()) labels.emplace("host", options_.host);
  families_->request_seconds.Add(labels, kRequestBuckets).Observe(Seconds(took));
}

void Metrics::CountList(const std::string& plural) {
  families_->lists.Add({{"name", plural}}).Increment();
}
void Metrics::CountWatch(const std::string& plural) {
  families_->watches.Add({{"name", plural}}).Increment();
}
void Metrics::CountShortWatch(const std::string& plural) {
  families_->short_watches.Add({{"name", plural}}).Increment();
}
void Metrics::CountWatchError(const std::string& plural, std::string_view code) {
  families_->watch_errors.Add({{"name", plural}, {"code", std::string(code)}}).Increment();
}
void Metrics::SetItems(const std::string& plural, std::size_t items) {
  families_->items.Add({{"name", plural}}).Set(static_cast<double>(items));
}

void Metrics::SetLeading(const std::string& lease, bool leading) {
  families_->leading.Add({{"name", lease}}).Set(leading ? 1 : 0);
  families_->slow_paths.Add({{"name", lease}});  // exists from the start, at 0
}
void Metrics::CountSlowPath(const std::string& lease) {
  families_->slow_paths.Add({{"name", lease}}).Increment();
}
void Metrics::CountDroppedEvent() { families_->dropped_events.Increment(); }

}  // namespace sb::kube
