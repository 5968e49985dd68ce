#include "operator/kube/queue_metrics.h"

#include <chrono>
#include <utility>

#include "operator/kube/metric_families.h"
#include "operator/kube/metrics.h"

namespace sb::kube {
namespace {

// Both labels say the queue's name, as controller-runtime has it.
prometheus::Labels LabelsOf(const std::string& name) {
  return {{"name", name}, {"controller", name}};
}

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

QueueMetrics::QueueMetrics(Metrics& metrics, const std::string& name, Source source)
    : metrics_(metrics),
      adds_(metrics.families().queue_adds.Add(LabelsOf(name))),
      retries_(metrics.families().queue_retries.Add(LabelsOf(name))),
      wait_(metrics.families().queue_wait.Add(LabelsOf(name), kQueueBuckets)),
      work_(metrics.families().queue_work.Add(LabelsOf(name), kQueueBuckets)) {
  metrics_.Watch(this, name, std::move(source));
}

QueueMetrics::~QueueMetrics() { metrics_.Unwatch(this); }

void QueueMetrics::ObserveWait(Duration waited) { wait_.Observe(Seconds(waited)); }
void QueueMetrics::ObserveWork(Duration worked) { work_.Observe(Seconds(worked)); }

}  // namespace sb::kube
