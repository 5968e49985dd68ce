// `scalablebackend simulate`: what a spec would have done with the metrics of a past time, beside
// the stock HPA and beside changed settings.
//
//   scalablebackend simulate -f backend.yaml --csv day.csv --set maxReplicas=30 --svg day.svg
//   scalablebackend simulate -f backend.yaml --from 2026-11-23T00:00:00Z --to 2026-11-24T00:00:00Z
//       --credentials secrets/     # secrets/prometheus/token: key "token" of Secret "prometheus"
//   scalablebackend simulate -f backend.yaml --days        # ten made-up days, as a table
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "common/error.h"
#include "operator/prometheus/client.h"

namespace sb::simulate {

struct CommandOptions {
  std::string backend_file;
  std::string target = "api";
  std::string csv_file;
  std::string prometheus_url;  // "": the one of the spec
  // Holds what spec.monitoring.prometheus names: a Secret is a folder, each of its keys a file.
  std::string credentials_folder;
  std::string from, to;  // RFC 3339
  int step_seconds = 15;
  int start_up_seconds = 10;
  std::vector<std::string> settings;  // each is a run of its own
  std::string svg_file;
  bool days = false;
};

using QueryRange = std::function<Expected<std::vector<promql::Series>>(
    const std::string& url, const std::string& promql, const promql::Client::Range&,
    const promql::Credentials&)>;

// Reads files, asks Prometheus, writes to `out`. The error is for the user.
Expected<void> Simulate(const CommandOptions& options, const QueryRange& query_range,
                        std::ostream& out);

}  // namespace sb::simulate
