// One informer, a busy cluster and everything that can go wrong between them, on virtual time and
// from one seed, watched by an oracle.
//
//   const SoakResult result = RunSoak(SoakPlan::FromSeed(7));
//   EXPECT_THAT(result.objections, IsEmpty()) << "seed 7: " << result.summary;
//
// The cluster creates, changes, deletes and makes again under the same name some hundred objects,
// also in and out of the informer's selector. Meanwhile the network does all of RandomFaults, the
// API server restarts, is down for a while, lags, forgets and is compacted, the wall clock jumps,
// and in some plans etcd is restored. Then all of that ends, and the informer has ten minutes to
// catch up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/time.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fault_script.h"

namespace sb::kube {

struct SoakPlan {
  std::uint32_t seed = 1;
  Duration length = std::chrono::minutes(10);
  int writes_per_s = 200;
  int objects = 400;
  // The informer.
  bool selector = false;  // of about half of the objects
  bool metadata_only = false;
  bool streaming_list = false;
  Duration backoff_cap = std::chrono::seconds(2);
  int watch_timeout_s = 180;
  int page_limit = 100;
  // The server, as it begins.
  FakeServerTraits traits = {};
  enum class Restore { kNever, kBumped, kBackwards };
  Restore restore = Restore::kNever;
  bool trouble = true;  // else nothing goes wrong but what `faults` says
  // In place of RandomFaults.
  FaultScript faults = {};

  static SoakPlan FromSeed(std::uint32_t seed);
};

struct SoakResult {
  std::vector<std::string> objections;  // of the oracle; the first few
  std::size_t writes = 0;
  std::size_t events = 0;       // writes that the informer reported one by one
  std::size_t covered = 0;      // writes that only a list showed it
  std::size_t lists = 0;        // that it committed
  std::size_t connections = 0;  // watches that were accepted
  int restarts = 0;
  int restores = 0;
  std::string summary;  // all of that in a line
};

SoakResult RunSoak(const SoakPlan& plan);

}  // namespace sb::kube
