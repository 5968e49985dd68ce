// scalablebackend: the operator.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "common/log.h"
#include "operator/process/run.h"
#include "operator/prometheus/client.h"
#include "operator/simulate/command.h"

namespace {

void AddRunFlags(CLI::App& command, sb::process::RunOptions& options, std::string& log_level) {
  auto& defaults = options.defaults;
  command.add_option("--todo-image", defaults.todo_image, "Image of a backend that names none")
      ->envname("SB_TODO_IMAGE")
      ->capture_default_str();
  command
      .add_option("--postgres-image", defaults.postgres_image, "Image of the bundled PostgreSQL")
      ->envname("SB_POSTGRES_IMAGE")
      ->capture_default_str();
  command.add_option("--redis-image", defaults.redis_image, "Image of the bundled Redis")
      ->envname("SB_REDIS_IMAGE")
      ->capture_default_str();
  command
      .add_option("--prometheus-url", defaults.prometheus_url,
                  "Prometheus of backends that name none in spec.monitoring.prometheus.url")
      ->envname("SB_PROMETHEUS_URL")
      ->capture_default_str();
  command
      .add_option("--metrics-port", options.metrics_port, "Port of /metrics, /healthz and /readyz")
      ->capture_default_str();
  command
      .add_option("--metrics-api-port", options.metrics_api_port, "Port of external.metrics.k8s.io")
      ->capture_default_str();
  command.add_flag("!--no-metrics-api", options.serve_metrics_api,
                   "Do not serve external.metrics.k8s.io");
  command
      .add_option("--watch-namespace", options.watch_namespace,
                  "Only this namespace (default: all)")
      ->envname("SB_WATCH_NAMESPACE");
  command.add_option("--pod-name", options.pod_name, "Identity in the election")
      ->envname("POD_NAME");
  command
      .add_option("--pod-namespace", options.pod_namespace,
                  "Where the Lease and the certificate are")
      ->envname("POD_NAMESPACE")
      ->capture_default_str();
  command.add_option("--workers", options.workers, "Backends reconciled at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--log-level", log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

void AddSimulateFlags(CLI::App& command, sb::simulate::CommandOptions& options) {
  command.add_option("-f,--filename", options.backend_file, "The ScalableBackend")->required();
  command.add_option("--target", options.target, "api, or worker/<name>")->capture_default_str();
  CLI::Option* csv =
      command.add_option("--csv", options.csv_file, "Recorded metrics: time, a value a metric");
  command
      .add_option("--prometheus", options.prometheus_url, "Where they are, instead of the spec's")
      ->excludes(csv);
  command
      .add_option("--credentials", options.credentials_folder,
                  "Folder with the Secrets that spec.monitoring.prometheus names: SECRET/KEY")
      ->check(CLI::ExistingDirectory)
      ->excludes(csv);
  command.add_option("--from", options.from, "Begin of the time (RFC 3339)")->excludes(csv);
  command.add_option("--to", options.to, "End of the time")->excludes(csv);
  command.add_option("--step", options.step_seconds, "Seconds between two values of Prometheus")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command.add_option("--start-up", options.start_up_seconds, "Seconds until a new pod serves")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  command.add_option("--set", options.settings,
                     "A changed setting, path=value, to run beside (repeatable)");
  command.add_option("--svg", options.svg_file, "Write the chart to this file, too");
  command.add_flag("--days", options.days, "Ten made-up days, as a table");
}

int Simulate(const sb::simulate::CommandOptions& options) {
  sb::promql::Client prometheus;
  const auto done = sb::simulate::Simulate(
      options,
      [&](const std::string& url, const std::string& promql, const sb::promql::Client::Range& range,
          const sb::promql::Credentials& credentials) {
        return prometheus.QueryRange(url, promql, range, std::chrono::seconds(30), credentials);
      },
      std::cout);
  if (done) return 0;
  std::cerr << "simulate: " << done.error().message << "\n";
  return 1;
}

void SetLogLevel(const std::string& level) {
  using sb::log::Level;
  sb::log::SetLevel(level == "debug"     ? Level::kDebug
                    : level == "warning" ? Level::kWarning
                    : level == "error"   ? Level::kError
                                         : Level::kInfo);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The ScalableBackend operator");
  app.set_version_flag("--version", std::string("scalablebackend ") + SB_VERSION);
  app.require_subcommand(1);

  sb::process::RunOptions options;
  options.defaults = {.todo_image = "localhost/todo-api:dev",
                      .postgres_image = "localhost/scalablebackend-postgres:dev",
                      .redis_image = "localhost/scalablebackend-redis:dev",
                      .prometheus_url = "http://prometheus.monitoring.svc:9090"};
  options.pod_namespace = "scalablebackend-system";
  std::string log_level = "info";
  CLI::App* run = app.add_subcommand("run", "Run the controller");
  AddRunFlags(*run, options, log_level);
  sb::simulate::CommandOptions simulation;
  CLI::App* simulate = app.add_subcommand(
      "simulate", "Show what a backend's autoscaling would have done with recorded metrics");
  AddSimulateFlags(*simulate, simulation);
  CLI11_PARSE(app, argc, argv);
  if (simulate->parsed()) return Simulate(simulation);

  SetLogLevel(log_level);
  return sb::process::Run(options);
}
