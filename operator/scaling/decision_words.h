// The words in which a decision is told, in status, events and `simulate`. Pure.
#pragma once

#include <chrono>
#include <string>

#include "operator/scaling/decision.h"
#include "operator/scaling/policy.h"
#include "operator/scaling/sample.h"

namespace sb::scaling {

std::string Number(double value);             // "12.5": what people compare, six digits
std::string Pods(int count);                  // "1 pod", "4 pods"
std::string Span(std::chrono::seconds span);  // "90 s", "5 min"
// "rate is 812.5, target 100 per pod"
std::string Compared(const MetricPolicy& metric, double value);
// What evidence that has no say lacks: "is stale", "matches nothing", "cannot be read".
const char* Lacks(Evidence evidence);

}  // namespace sb::scaling
