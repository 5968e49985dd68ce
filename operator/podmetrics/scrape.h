// Asks many pods for /metrics at once: plain HTTP, one connection a pod, one thread.
//
//   auto answers = Scrape({{"10.0.0.7", 9090}, {"10.0.0.8", 9090}}, 1s);
//   if (answers[1]) Read(*answers[1]);
//
// Returns once all have answered or `timeout` has passed. A body of more than 4 MiB is refused.
// Nothing is kept between two calls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::podmetrics {

struct PodAddress {
  std::string ip;
  std::uint16_t port = 0;
};

// In the order of `pods`. Errors: kUnavailable, kDeadlineExceeded, kInternal (not a 200).
std::vector<Expected<std::string>> Scrape(const std::vector<PodAddress>& pods, Duration timeout);

}  // namespace sb::podmetrics
