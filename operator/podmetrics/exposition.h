// Reads Prometheus' text format (version 0.0.4), one sample at a time.
//
//   ForEachSample(body, [&](const ExposedSample& sample) {
//     if (sample.name == "queue_depth" && sample.Label("queue") == "mail") depth = sample.value;
//   });
//
// Pure; safe on any input: a line that makes no sense is left out. Views live as long as `body`.
// Values of labels are given as written, escapes included.
#pragma once

#include <functional>
#include <string_view>

namespace sb::podmetrics {

struct ExposedSample {
  std::string_view name;
  std::string_view labels;  // between the braces
  double value = 0;

  // The value of a label, or "".
  std::string_view Label(std::string_view key) const;
};

void ForEachSample(std::string_view body, const std::function<void(const ExposedSample&)>& take);

}  // namespace sb::podmetrics
