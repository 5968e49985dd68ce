// One source as the sampler keeps it: the last sample, who wants it how often, and the rules of
// when it may be asked again.
//
// How many queries that makes, with the HPA controller asking every 15 s: three of four of its asks
// become a query, the fourth gets the sample of the one before (budget 21 s: 0.048 queries/s; KEDA
// makes 1/15 + 1/30 = 0.1). The background has nothing to add while the HPA asks. While nobody asks
// (it asks another replica) a query each 45 s keeps the conditions true, and each 10 s while there
// is no evidence, so that recovery shows soon. With Direct every interval of its own, 2 s.
//
// Pure: time and chance are arguments. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "common/time.h"
#include "operator/scaling/sample.h"
#include "operator/scaling/source.h"

namespace sb::scaling {

// An interval of a source that is asked only when somebody wants its present value.
inline constexpr std::chrono::milliseconds kOnDemand = std::chrono::milliseconds::max();

struct CadenceOptions {
  std::chrono::milliseconds idle{45'000};         // of a background poll; nobody asked meanwhile
  std::chrono::milliseconds retry{10'000};        // likewise, while there is no evidence
  std::chrono::milliseconds stale_after{60'000};  // without an answer a fresh sample turns stale
  // A server that did not answer is not asked again on a caller's time for so long.
  std::chrono::milliseconds failure_max_age{5'000};
  // On callers' time a source whose sample is fresh is asked once in so long; one that was not
  // asked that often may be twice. So a fresh answer is never older than this.
  std::chrono::milliseconds budget{21'000};
};

struct PolledSource {
  Source source;
  std::map<MetricId, std::chrono::milliseconds> wanted_by;  // and how often; 0: see CadenceOptions
  std::optional<Sample> sample;
  TimePoint answered;  // of `sample`; since it is wanted while there is none
  bool asking = false;
  std::uint64_t answers = 0;
  TimePoint due;                    // while it is scheduled
  TimePoint paid_until;             // queries so far have used up the budget until then
  std::optional<Sample> announced;  // what on_evidence_change last told
};

// The sample as of now: a fresh one may have turned stale meanwhile.
std::optional<Sample> Present(const PolledSource& polled, const CadenceOptions& options,
                              TimePoint now);

// Whether a caller who takes a sample of at most `max_age` has to be content with the one there is.
bool IsGoodEnough(const PolledSource& polled, const CadenceOptions& options, Duration max_age,
                  TimePoint now);

// Notes a query that has just ended.
void Charge(PolledSource& polled, const CadenceOptions& options, TimePoint now);

// Until the next background poll, before jitter. Empty: there is none.
std::optional<std::chrono::milliseconds> PollInterval(const PolledSource& polled,
                                                      const CadenceOptions& options);

}  // namespace sb::scaling
