#include "operator/kube/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>

namespace sb::kube {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// client-go's workqueue buckets, without the two below 1 µs.
const Histogram::BucketBoundaries kSeconds{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000};

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

struct Metrics::Families {
  Family<Counter>& requests;
  Family<Gauge>& queue_depth;
  Family<Counter>& queue_adds;
  Family<Counter>& queue_retries;
  Family<Histogram>& queue_wait;
  Family<Histogram>& queue_work;
  Family<Counter>& lists;
  Family<Counter>& watches;
  Family<Counter>& short_watches;
  Family<Counter>& watch_errors;
  Family<Gauge>& items;
  Family<Gauge>& leading;
  Counter& dropped_events;
};

Metrics::Metrics(prometheus::Registry& registry) {
  const auto counter = [&](const char* name, const char* help) -> Family<Counter>& {
    return BuildCounter().Name(name).Help(help).Register(registry);
  };
  const auto gauge = [&](const char* name, const char* help) -> Family<Gauge>& {
    return BuildGauge().Name(name).Help(help).Register(registry);
  };
  const auto histogram = [&](const char* name, const char* help) -> Family<Histogram>& {
    return BuildHistogram().Name(name).Help(help).Register(registry);
  };
  families_.reset(new Families{
      counter("rest_client_requests_total", "Requests to the API server by method and status code"),
      gauge("workqueue_depth", "Keys that wait for a worker"),
      counter("workqueue_adds_total", "Keys added to the queue"),
      counter("workqueue_retries_total", "Keys added again after a failure"),
      histogram("workqueue_queue_duration_seconds", "How long a key waited for a worker"),
      histogram("workqueue_work_duration_seconds", "How long a worker took for a key"),
      counter("reflector_lists_total", "Full lists, page by page counted once"),
      counter("reflector_watches_total", "Watch connections opened"),
      counter("reflector_short_watches_total", "Watches that ended at once without an event"),
      counter("reflector_errors_total", "Failed lists and watches by error code"),
      gauge("reflector_items", "Objects in the cache"),
      gauge("leader_election_master_status", "1 while this process leads"),
      counter("events_dropped_total", "Events not written: queue full or too many per object")
          .Add({}),
  });
}

Metrics::~Metrics() = default;

void Metrics::CountRequest(std::string_view method, int status) {
  families_->requests
      .Add({{"method", std::string(method)},
            {"code", status == 0 ? std::string("<error>") : std::to_string(status)}})
      .Increment();
}

void Metrics::SetQueueDepth(const std::string& queue, std::size_t depth) {
  families_->queue_depth.Add({{"name", queue}}).Set(static_cast<double>(depth));
}
void Metrics::CountQueueAdd(const std::string& queue) {
  families_->queue_adds.Add({{"name", queue}}).Increment();
}
void Metrics::CountQueueRetry(const std::string& queue) {
  families_->queue_retries.Add({{"name", queue}}).Increment();
}
void Metrics::ObserveQueueWait(const std::string& queue, Duration waited) {
  families_->queue_wait.Add({{"name", queue}}, kSeconds).Observe(Seconds(waited));
}
void Metrics::ObserveQueueWork(const std::string& queue, Duration worked) {
  families_->queue_work.Add({{"name", queue}}, kSeconds).Observe(Seconds(worked));
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
}
void Metrics::CountDroppedEvent() { families_->dropped_events.Increment(); }

}  // namespace sb::kube
