#include "operator/scaling/polled_source.h"

#include <algorithm>

namespace sb::scaling {
namespace {

// Whether a failure is the server's silence, which another call will meet as well.
bool IsSilence(const Sample& sample) {
  return sample.evidence == Evidence::kFailed &&
         (sample.code == ErrorCode::kUnavailable || sample.code == ErrorCode::kDeadlineExceeded);
}

}  // namespace

std::optional<Sample> Present(const PolledSource& polled, const CadenceOptions& options,
                              TimePoint now) {
  std::optional<Sample> sample = polled.sample;
  if (sample && sample->evidence == Evidence::kFresh &&
      now - polled.answered > options.stale_after) {
    sample->evidence = Evidence::kStale;
    sample->error = "Prometheus has not been heard of for too long; the last value is not used";
  }
  return sample;
}

bool IsGoodEnough(const PolledSource& polled, const CadenceOptions& options, Duration max_age,
                  TimePoint now) {
  if (!polled.sample) return false;
  const Duration age = now - polled.answered;
  if (IsSilence(*polled.sample)) return age <= std::max<Duration>(max_age, options.failure_max_age);
  if (age <= max_age) return true;
  const bool fresh = polled.sample->evidence == Evidence::kFresh && age <= options.stale_after;
  return fresh && polled.paid_until - now > options.budget;
}

void Charge(PolledSource& polled, const CadenceOptions& options, TimePoint now) {
  polled.paid_until = std::min(std::max(polled.paid_until, now) + options.budget,
                               now + 2 * Duration(options.budget));
}

std::optional<std::chrono::milliseconds> PollInterval(const PolledSource& polled,
                                                      const CadenceOptions& options) {
  const bool evidence = polled.sample && polled.sample->evidence == Evidence::kFresh;
  std::chrono::milliseconds shortest = kOnDemand;
  for (const auto& [id, interval] : polled.wanted_by) {
    const bool own = interval.count() > 0;
    shortest = std::min(shortest, own ? interval : evidence ? options.idle : options.retry);
  }
  if (shortest == kOnDemand) return std::nullopt;
  return shortest;
}

}  // namespace sb::scaling
