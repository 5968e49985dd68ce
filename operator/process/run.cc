#include "operator/process/run.h"

#include <prometheus/registry.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/metrics/process_metrics.h"
#include "operator/api/autoscaled.h"
#include "operator/api/names.h"
#include "operator/api/parse.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/leader_elector.h"
#include "operator/kube/metrics.h"
#include "operator/metrics_api/metrics.h"
#include "operator/podmetrics/reader.h"
#include "operator/process/health_server.h"
#include "operator/process/metrics_api_server.h"
#include "operator/process/pod_metrics.h"
#include "operator/process/prometheus_asker.h"
#include "operator/process/secret_reader.h"
#include "operator/prometheus/client.h"
#include "operator/reconcile/controller.h"
#include "operator/reconcile/direct_scaler.h"
#include "operator/reconcile/scaling_metrics.h"
#include "operator/reconcile/wanted_metrics.h"
#include "operator/reconcile/wanted_pasts.h"
#include "operator/scaling/forecaster.h"
#include "operator/scaling/stand_in.h"

namespace sb::process {
namespace {

using namespace std::chrono_literals;

// A poll that is due is asked within 3 s, whether or not the answer is good.
constexpr std::chrono::seconds kMostSilence{60};

constexpr const char* kLeaseName = "scalablebackend-operator";

// What stays up from start to end; the order of members is the order of construction.
class Process {
 public:
  Process(const RunOptions& options, const ApiServer& server)
      : options_(options),
        kube_metrics_(registry_, {.host = server.host}),
        reconcile_metrics_(registry_),
        api_metrics_(registry_),
        client_(server.work, {.metrics = &kube_metrics_}),
        election_client_(server.election, {.deadline = 5s, .metrics = &kube_metrics_}),
        metric_client_(server.work,
                       {.deadline = 1s, .list_deadline = 2s, .metrics = &kube_metrics_}),
        queue_("scalablebackend", {.metrics = &kube_metrics_}),
        sampler_(
            [this](const scaling::Source& source, Duration timeout) {
              const auto of_pods = podmetrics::ParseSource(source.url, source.query);
              return of_pods ? pod_reader_.Query(*of_pods, std::min<Duration>(timeout, 1s))
                             : ask_prometheus_(source, timeout);
            },
            SystemClock(), {},
            [this](const scaling::BackendKey& key) {
              queue_.Add({key.namespace_name, key.name});
            },
            [this](Duration took, const Error* error) { api_metrics_.ObserveQuery(took, error); },
            [this](const scaling::BackendKey& key) {
              // Of what is wanted, and nothing is before everything here has been constructed.
              if (elector_.IsLeader()) direct_.Wake({key.namespace_name, key.name});
            }),
        view_(client_, ViewOptions()),
        elector_(election_client_,
                 {.lease = {options.pod_namespace, kLeaseName},
                  .identity = options.pod_name,
                  .on_lost =
                      [] {
                        log::Error("the Lease is lost; ending at once, another replica takes over");
                        std::_Exit(1);
                      },
                  .metrics = &kube_metrics_}),
        recorder_(client_, {.instance = elector_.identity(), .metrics = &kube_metrics_}),
        controller_(
            client_, view_, sampler_, recorder_, queue_, reconcile_metrics_,
            {.defaults = options.defaults,
             .workers = options.workers,
             .metrics_api = [this] { return MetricsApiNow(); },
             .scaling = [this](const kube::ObjectKey& key) { return direct_.States(key); },
             .anticipated = [this](const kube::ObjectKey& key) { return AnticipatedFloorsOf(key); },
             .kube_metrics = &kube_metrics_}),
        direct_(client_, view_, sampler_, recorder_,
                {.defaults = options.defaults,
                 .metrics_api = [this] { return MetricsApiNow(); },
                 .anticipated =
                     [this](const kube::ObjectKey& key, const std::string& target) {
                       return forecaster_.FloorOf({key.namespace_, key.name}, target).anticipated;
                     },
                 .on_change = [this](const kube::ObjectKey& key) { queue_.Add(key); }}),
        health_(MakeHealthServer(
            loop_, options.metrics_port,
            {&registry_, &kube_metrics_, &process_metrics_, &scaling_metrics_},
            {.healthy = [this] { return Unhealthy(); }, .ready = [this] { return NotReady(); }})) {
    if (!options.serve_metrics_api) return;
    metrics_api_ = std::make_unique<MetricsApiServer>(
        loop_, client_, sampler_, stand_in_, api_metrics_,
        MetricsApiServer::Options{.port = options.metrics_api_port,
                                  .namespace_ = options.pod_namespace,
                                  .is_leading = [this] { return elector_.IsLeader(); },
                                  .on_state = [this] { EnqueueAll(); }});
  }

  // Until `signals` deliver one, or the controller cannot go on: then false.
  bool Run(const sigset_t& signals) {
    const TimePoint started = SystemClock().Now();
    std::jthread serve([this] { loop_.run(); });
    view_.Start();
    if (auto elects = elector_.Start(); !elects) {
      log::Error("cannot start", {{"error", elects.error().message}});
      loop_.stop();
      return false;
    }
    std::atomic<bool> failed = false;
    std::jthread work([this, started, &failed](std::stop_token stop) {
      if (!WaitForWatches(stop)) return;
      log::Info("ready", {{"start_ms", std::chrono::duration_cast<std::chrono::milliseconds>(
                                           SystemClock().Now() - started)
                                           .count()}});
      if (!elector_.WaitForLeadership(stop)) return;
      log::Info("leading", {{"identity", elector_.identity()}});
      if (metrics_api_) metrics_api_->Kick();
      WantAll();  // the leader samples what it scales more often
      EnqueueAll();
      std::jthread scale([this](std::stop_token scale_stop) { direct_.Run(scale_stop); });
      std::jthread look_back([this](std::stop_token its_stop) { forecaster_.Run(its_stop); });
      if (auto ran = controller_.Run(stop); !ran) {
        log::Error("the controller ended", {{"error", ran.error().message}});
        failed = true;
        kill(getpid(), SIGTERM);  // the rest ends in good order
      }
    });

    int signal = 0;
    sigwait(&signals, &signal);
    log::Info("stopping", {{"signal", signal}});
    work.request_stop();
    queue_.ShutDown();
    work.join();
    elector_.Stop();
    recorder_.Flush(2s);
    view_.Stop();
    sampler_.Stop();
    loop_.stop();
    return !failed;
  }

 private:
  // Who serves the metrics API; tells everybody when that has changed.
  plan::MetricsApi MetricsApiNow() {
    plan::MetricsApi state =
        metrics_api_ ? metrics_api_->State()
                     : plan::MetricsApi{.ours = false,
                                        .problem =
                                            "the operator was told not to serve the metrics "
                                            "API (--no-metrics-api); use engine: Direct"};
    if (slot_is_ours_.exchange(state.ours) != state.ours) {
      WantAll();
      EnqueueAll();
    }
    return state;
  }

  // Tells the sampler and the fallback what `object` wants.
  void Want(const kube::ObjectKey& key, const Json& object) {
    const scaling::BackendKey name{key.namespace_, key.name};
    const auto backend = api::Parse(object, options_.defaults);
    if (!backend) {
      Forget(name);
      return;
    }
    sampler_.SetWanted(name,
                       reconcile::WantedMetrics(*backend, MetricsApiNow(), elector_.IsLeader()));
    std::map<std::string, api::Autoscaling> targets;
    api::ForEachAutoscaled(
        *backend, [&](const std::string& target, const std::string&,
                      const api::Workload& workload) { targets[target] = *workload.autoscaling; });
    stand_in_.SetWanted(name, targets);
    forecaster_.SetWanted(name, reconcile::WantedPasts(*backend));
  }

  void Forget(const scaling::BackendKey& name) {
    sampler_.Forget(name);
    stand_in_.SetWanted(name, {});
    forecaster_.SetWanted(name, {});
  }

  std::map<std::string, plan::AnticipatedFloor> AnticipatedFloorsOf(
      const kube::ObjectKey& key) const {
    std::map<std::string, plan::AnticipatedFloor> floors;
    for (auto& [target, floor] : forecaster_.FloorsOf({key.namespace_, key.name})) {
      plan::AnticipatedFloor& its = floors[target];
      its.loading = floor.loading && !floor.anticipated;
      if (!floor.anticipated) continue;
      its.replicas = floor.anticipated->replicas;
      its.why = floor.anticipated->why;
    }
    return floors;
  }

  void WantAll() {
    for (const kube::ObjectPtr& backend : view_.AllBackends()) {
      Want(backend->key(), backend->ToJson());
    }
  }

  // The counts of a workload, for the fallback of the HPA engine.
  scaling::StandIn::Counts CountsOf(const scaling::BackendKey& backend,
                                    const std::string& target) const {
    const std::string name = target == "api" ? api::ApiName(backend.name)
                                             : api::WorkerName(backend.name, target.substr(7));
    const kube::ObjectPtr deployment =
        view_.Child(kube::Deployments().kind, {backend.namespace_name, name});
    if (!deployment) return {};
    return {static_cast<int>(deployment->At({"spec", "replicas"}).Integer(1)),
            static_cast<int>(deployment->At({"status", "readyReplicas"}).Integer())};
  }

  void EnqueueAll() {
    for (const kube::ObjectPtr& backend : view_.AllBackends()) {
      queue_.Add(backend->key(), kube::Priority::kLow);
    }
  }

  reconcile::ClusterViewOptions ViewOptions() {
    return {.namespace_ = options_.watch_namespace,
            .on_backend =
                [this](const kube::ObjectKey& key, const kube::ObjectPtr& now) {
                  if (now) {
                    Want(key, now->ToJson());
                  } else {
                    Forget({key.namespace_, key.name});
                  }
                  queue_.Add(key, Urgency());
                },
            .on_dependency = [this](const kube::ObjectKey& key) { queue_.Add(key, Urgency()); },
            .metrics = &kube_metrics_};
  }

  // What the first lists bring can wait behind what happens meanwhile.
  kube::Priority Urgency() const {
    return view_.Synced() ? kube::Priority::kNormal : kube::Priority::kLow;
  }

  bool WaitForWatches(std::stop_token stop) const {
    while (!view_.WaitForSync(10s, stop)) {
      if (stop.stop_requested()) return false;
      log::Warning("still waiting for the first lists", {{"problem", view_.Problem()}});
    }
    return true;
  }

  std::string Unhealthy() const {
    return elector_.Healthy() ? "" : "the Lease was not renewed in time: the process is stuck";
  }

  std::string NotReady() const {
    if (metrics_api_ && !metrics_api_->HasCertificate())
      return "the metrics API has no certificate yet";
    if (sampler_.StuckFor() > kMostSilence)
      return "no metric has been asked for lately: the sampler is stuck";
    if (view_.Synced()) return "";
    const std::string problem = view_.Problem();
    return "the first lists are not complete" + (problem.empty() ? "" : ": " + problem);
  }

  const RunOptions options_;
  prometheus::Registry registry_;
  metrics::ProcessMetrics process_metrics_;
  kube::Metrics kube_metrics_;
  reconcile::ReconcileMetrics reconcile_metrics_;
  metrics_api::Metrics api_metrics_;
  kube::Client client_;
  kube::Client election_client_;
  kube::Client metric_client_;  // for what a sample waits for
  kube::WorkQueue queue_;
  promql::Client prometheus_;
  SecretReader secrets_{
      [this](const kube::ObjectKey& key) { return metric_client_.Get(kube::Secrets(), key); },
      SystemClock()};
  PrometheusAsker ask_prometheus_{secrets_,
                                  [this](const std::string& url, const std::string& query,
                                         Duration timeout, const promql::Credentials& credentials) {
                                    return prometheus_.Query(url, query, timeout, credentials);
                                  },
                                  SystemClock()};
  podmetrics::Reader pod_reader_{
      [this](const std::string& namespace_name, const std::string& backend) {
        return PodsOf(view_, namespace_name, backend);
      },
      podmetrics::Scrape,
      [this](const podmetrics::PodQuery& query) { return UsageOf(metric_client_, query); },
      SystemClock()};
  scaling::StandIn stand_in_{[this](const scaling::BackendKey& backend, const std::string& target) {
    return CountsOf(backend, target);
  }};
  scaling::Forecaster forecaster_{
      [this](const scaling::Source& source, const promql::Client::Range& range, Duration timeout) {
        return ask_prometheus_.Ask(source, timeout,
                                   [&](const std::string& url, const std::string& query,
                                       Duration left, const promql::Credentials& credentials) {
                                     return prometheus_.QueryRange(url, query, range, left,
                                                                   credentials);
                                   });
      },
      SystemClock(),
      [this](const scaling::BackendKey& key) {
        queue_.Add({key.namespace_name, key.name});
      }};
  std::atomic<bool> slot_is_ours_ = true;
  scaling::Sampler sampler_;
  reconcile::ClusterView view_;
  kube::LeaderElector elector_;
  kube::EventRecorder recorder_;
  reconcile::Controller controller_;
  reconcile::DirectScaler direct_;
  reconcile::ScalingMetrics scaling_metrics_{direct_, forecaster_};
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_serving_{
      loop_.get_executor()};
  std::unique_ptr<http::Server> health_;
  std::unique_ptr<MetricsApiServer> metrics_api_;
};

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int Run(const RunOptions& options, const ApiServer& server) {
  const sigset_t signals = BlockSignals();
  try {
    const bool well = Process(options, server).Run(signals);
    log::Info("stopped");
    return well ? 0 : 1;
  } catch (const std::exception& error) {  // a port that is taken, a thread that cannot be had
    log::Error("cannot start", {{"error", error.what()}});
    return 1;
  }
}

int Run(const RunOptions& options) {
  BlockSignals();  // before cpprestsdk starts threads
  kube::PrepareProcess();
  const auto cannot_start = [](const Error& error) {
    log::Error("cannot start", {{"error", error.message}});
    return 1;
  };
  auto config = kube::LoadDefault();
  if (!config) return cannot_start(config.error());
  auto work = kube::MakeTransport(*config);
  if (!work) return cannot_start(work.error());
  auto election = kube::MakeTransport(*config);
  if (!election) return cannot_start(election.error());
  const std::size_t scheme = config->server.find("://");
  const std::string host =
      scheme == std::string::npos ? config->server : config->server.substr(scheme + 3);
  return Run(options, {.host = host, .work = **work, .election = **election});
}

}  // namespace sb::process
