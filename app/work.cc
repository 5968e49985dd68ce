#include "app/work.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

#include "app/cores.h"
#include "app/exposition.h"
#include "app/jobs/handlers.h"
#include "app/jobs/queue_depth.h"
#include "app/jobs/statements.h"
#include "app/jobs/worker.h"
#include "app/last_resort.h"
#include "common/log.h"
#include "common/metrics/process_metrics.h"

namespace todo {
namespace {

namespace asio = boost::asio;

// Of this process, also among pods on one host name.
std::string ConsumerName() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return std::string(host) + "-" + std::to_string(getpid()) + "-" +
         std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
}

}  // namespace

int Work(const Settings& settings) {
  if (settings.queue_url.empty()) {
    std::fputs("todo worker: QUEUE_URL (or REDIS_URL) is not set\n", stderr);
    return 2;
  }
  Lifecycle lifecycle(1, "the queue");
  asio::io_context control(1), jobs_loop(1);

  jobs::WorkerOptions options;
  options.url = settings.queue_url;
  options.queue = settings.queue;
  options.consumer = ConsumerName();
  options.concurrency = static_cast<std::size_t>(settings.concurrency);
  options.claim_after = Milliseconds(settings.claim_after_seconds);
  options.drain_deadline = Milliseconds(settings.drain_deadline_seconds);
  options.resend = Milliseconds(settings.resend_after_seconds);
  options.retry_first = Milliseconds(settings.retry_first_seconds);
  options.on_connected = [&lifecycle] { lifecycle.Reached(); };

  std::optional<store::Postgres> postgres;
  if (!settings.database_url.empty()) {
    postgres.emplace(jobs_loop, PostgresOptionsOf(settings), jobs::Statements());
  }
  jobs::Pool pool(jobs_loop, AvailableCores());
  webhooks::Poster poster(jobs_loop, {.allow_private = settings.webhook_allow_private});
  const jobs::Handlers handlers = jobs::MakeHandlers({.pool = pool,
                                                      .postgres = postgres ? &*postgres : nullptr,
                                                      .poster = poster,
                                                      .worker = options.consumer});
  jobs::WorkerMetrics metrics;
  options.on_stopped = [&] {
    if (postgres) postgres->Stop();
    // What does not listen may run on; its job is another worker's by now.
    ExitAtTheLatest(std::chrono::seconds(2), 0);
  };
  jobs::Worker worker(jobs_loop, options, handlers, metrics, postgres ? &*postgres : nullptr);
  jobs::QueueDepth depth(control, settings.queue_url, settings.queue);
  sb::metrics::ProcessMetrics process;

  sb::http::ServerOptions server_options;
  server_options.address = settings.address;
  server_options.port = settings.metrics_port;
  std::optional<sb::http::Server> operations;
  operations.emplace(control, server_options,
                     OperationsHandler(lifecycle, {&metrics, &depth, &process}));
  depth.Start();
  if (postgres) postgres->Start();
  worker.Start();
  // Jobs have a loop of their own: what they do must not silence the probes.
  std::thread thread([&] {
    jobs_loop.run();
    asio::post(control, [&] {
      ExitAtTheLatest(std::chrono::seconds(2), 0);
      depth.Stop();
      operations.reset();
    });
  });

  asio::signal_set signals(control, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code, int) {
    signals.clear();
    lifecycle.StartDraining();
    asio::post(jobs_loop, [&] { worker.Stop(); });
    sb::log::Info("draining");
  });
  sb::log::Info("working", {{"queue", settings.queue}, {"metrics_port", operations->port()}});
  control.run();
  thread.join();
  sb::log::Info("stopped");
  return 0;
}

}  // namespace todo
