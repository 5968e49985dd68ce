// Reads, for each workload with anticipation, what its metrics were on former days, and keeps the
// floor that follows (anticipation.h).
//
//   Forecaster forecaster([&](auto&... a) { return client.QueryRange(a...); }, SystemClock(),
//   wake); forecaster.SetWanted({"default", "todo"}, {{.target = "api", …}});   // whenever a spec
//   changes forecaster.Run(stop);                                                // on the leader
//   Floor floor = forecaster.FloorOf({"default", "todo"}, "api");        // no I/O
//
// One range query an hour for each metric and former day, one after the other; those of the next
// hour are made in the last ten minutes of the present one, each backend at a time of its own. A
// server that is silent is left alone for a minute, then for two. A day that it refuses, or is
// silent about three times, is one without a record until the next hour. While the past of an hour
// is not complete, the hour before is looked at for as long as it reaches; then there is no floor.
//
// Thread-safe. Threads: the one that calls Run. Memory: some hundred bytes a metric and former day.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/time.h"
#include "operator/prometheus/client.h"
#include "operator/scaling/anticipation.h"
#include "operator/scaling/sample.h"
#include "operator/scaling/source.h"

namespace sb::scaling {

// A workload whose past is wanted.
struct WantedPast {
  struct Metric {
    MetricPolicy policy;
    Source source;
  };
  std::string target;  // "api", "worker/default"
  api::Anticipation anticipation;
  int max_replicas = 1;
  double tolerance = 0.1;  // of scaling up
  std::vector<Metric> metrics;
};

class Forecaster {
 public:
  // promql::Client::QueryRange, or a script.
  using QueryRange = std::function<Expected<std::vector<promql::Series>>(
      const Source& source, const promql::Client::Range& range, Duration timeout)>;
  // Told when FloorOf has another count than before. Called without locks held, from the thread of
  // Run; must not block.
  using OnChange = std::function<void(const BackendKey&)>;

  Forecaster(QueryRange query_range, const Clock& clock, OnChange on_change = {});
  Forecaster(const Forecaster&) = delete;
  Forecaster& operator=(const Forecaster&) = delete;

  // From now on exactly these workloads of `backend`.
  void SetWanted(const BackendKey& backend, std::vector<WantedPast> workloads);

  struct Floor {
    // The past has not been asked for yet: whatever was in force before may stay.
    bool loading = false;
    std::optional<Anticipated> anticipated = {};
  };
  // The present floor. Neither of the two for a workload that is not wanted.
  Floor FloorOf(const BackendKey& backend, const std::string& target) const;
  // Those of all workloads of the backend that are wanted, by target.
  std::map<std::string, Floor> FloorsOf(const BackendKey& backend) const;
  // Those of everything that is wanted, by backend and target.
  std::map<std::pair<BackendKey, std::string>, Floor> Floors() const;

  // Makes the query that is due; false: none is.
  bool AskOne();
  // Tells of floors that have changed since the last call.
  void Announce();
  // Both, until `stop`.
  void Run(std::stop_token stop);

 private:
  using Key = std::pair<BackendKey, std::string>;

  // The past of one metric in the hours that matter: the present one, and the next or the last.
  struct Past {
    WantedPast::Metric metric;
    struct Hour {
      std::vector<FormerSpan> spans;
      Season season;
      std::size_t asked = 0;  // so many spans have been, in order
      int silences = 0;       // of the server, asked for the next one
    };
    std::map<WallTime, Hour> hours;
  };
  struct Workload {
    WantedPast wanted;
    std::vector<Past> pasts;
    std::chrono::seconds early{0};  // so long before an hour its past is asked for
    bool asked_once = false;        // one hour is complete, or the server silent
    std::optional<int> announced;
  };
  struct Question {
    Key key;
    std::size_t metric = 0;
    WallTime hour;
    std::size_t span = 0;
    Source source;
    FormerSpan range;
  };

  std::optional<Question> NextQuestion();
  void Note(const Question& question, const Expected<std::vector<promql::Series>>& answer);
  Floor FloorAt(const Workload& workload, WallTime now) const;

  const QueryRange query_range_;
  const Clock& clock_;
  const OnChange on_change_;

  mutable std::mutex workloads_mutex_;  // guards the two below; never held during a query
  std::map<Key, Workload> workloads_;
  struct Silence {
    TimePoint until;  // left alone
    int times = 0;    // in a row
  };
  std::map<std::string, Silence> silent_;  // by url
  TimePoint next_announcement_{};          // of the thread of Run
};

}  // namespace sb::scaling
