// Where one Runner counts, under controller-runtime's names. Made once: afterwards counting takes
// no registry lock and looks no label up. Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <string>

#include "common/time.h"

namespace sb::kube {

class Metrics;

// How a pass ended, each counted once: the label `result` knows only the first four.
enum class PassEnd { kSuccess, kError, kRequeueAfter, kTerminalError, kException };

class ControllerMetrics {
 public:
  // All series exist from now on, at 0, so that a rate over the first error is not missed.
  ControllerMetrics(Metrics& metrics, const std::string& controller, int workers);

  void PassStarts() { active_.Increment(); }
  void PassEnds(PassEnd end, Duration took);

 private:
  prometheus::Counter& success_;
  prometheus::Counter& error_;
  prometheus::Counter& requeue_after_;
  prometheus::Counter& errors_;
  prometheus::Counter& terminal_errors_;
  prometheus::Counter& panics_;
  prometheus::Histogram& seconds_;
  prometheus::Gauge& active_;
};

}  // namespace sb::kube
