// The same manager as ../theirs, on operator/kube: caches Widgets, whole Pods without managedFields
// and the Secrets that are ours; a Pod's event brings its Widget's key; one worker writes the
// number of ready Pods into the Widget's status, if it is not there yet.
//
//   KUBECONFIG=... bench_controller --widgets 1000 [--status-only]
//
// It says {"event":"synced"} on stdout after the first 1,000 reconciles and then answers commands
// on stdin: `stats`, and `spin SECONDS`, which keeps every Widget's key coming back for so long.
#include <prometheus/registry.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>

#include "common/error.h"
#include "common/log.h"
#include "common/time.h"
#include "operator/kube/client.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/informer.h"
#include "operator/kube/metrics.h"
#include "operator/kube/runner.h"
#include "operator/kube/work_queue.h"

namespace {

using namespace std::chrono_literals;
using sb::Json;
using sb::kube::ObjectKey;
using sb::kube::ObjectPtr;

constexpr char kWidgetLabel[] = "bench/widget";
constexpr char kByWidget[] = "widget";

// --- Everything that looks into an object. ---

const sb::kube::Resource& Widgets() {
  static const sb::kube::Resource widgets{"bench.scalablebackend.io", "v1", "widgets", "Widget"};
  return widgets;
}

// What the bench's second table keeps of a Pod: metadata, phase and conditions.
sb::kube::Projection StatusOnly() {
  return sb::kube::WithoutNoise()
      .Drop("/spec")
      .Drop("/status")
      .Keep("/status/phase")
      .Keep("/status/conditions");
}

bool IsReady(const ObjectPtr& pod) {
  const sb::kube::Value status = (*pod)["status"];
  if (status["phase"].String() != "Running") return false;
  for (const sb::kube::Value condition : status["conditions"].Elements()) {
    if (condition["type"].String() == "Ready") return condition["status"].String() == "True";
  }
  return false;
}

std::string WidgetOf(const ObjectPtr& pod) {
  return std::string(pod->At({"metadata", "labels", kWidgetLabel}).String());
}

long long ReadyInStatus(const ObjectPtr& widget) {
  return widget->At({"status", "ready"}).Integer();
}

// --- The manager. ---

class Manager {
 public:
  Manager(sb::kube::Transport& transport, std::int64_t expected, bool status_only)
      : metrics_(registry_),
        expected_(expected),
        client_(transport, {.metrics = &metrics_}),
        queue_("widget", {.metrics = &metrics_}),
        widgets_(client_, {.resource = Widgets(), .metrics = &metrics_},
                 [this](const ObjectKey& key, ObjectPtr, ObjectPtr) { queue_.Add(key); }),
        pods_(client_,
              {.resource = sb::kube::Pods(),
               .projection = status_only ? StatusOnly() : sb::kube::WithoutNoise(),
               .indexes = {{kByWidget, sb::kube::IndexByLabel(kWidgetLabel)}},
               .metrics = &metrics_},
              [this](const ObjectKey& key, ObjectPtr old, ObjectPtr now) {
                if (old && now) pod_events_.fetch_add(1, std::memory_order_relaxed);
                AddWidgetOf(key, now ? now : old);
              }),
        secrets_(client_,
                 {.resource = sb::kube::Secrets(),
                  .label_selector = "app.kubernetes.io/managed-by=bench",
                  .metrics = &metrics_},
                 [this](const ObjectKey& key, ObjectPtr old, ObjectPtr now) {
                   AddWidgetOf(key, now ? now : old);
                 }),
        runner_(queue_, [this](const ObjectKey& key, std::stop_token) { return Reconcile(key); },
                {.ready = [this](sb::Duration deadline,
                                 std::stop_token stop) { return WaitForSync(deadline, stop); },
                 .metrics = &metrics_}) {}

  void Start() {
    for (auto* informer : {&widgets_, &pods_, &secrets_}) informer->Start();
    worker_ = std::jthread([this](std::stop_token stop) {
      auto ran = runner_.Run(stop);
      if (!ran) sb::log::Error("cannot work", {{"error", ran.error().message}});
    });
  }

  void Stop() {
    for (auto* informer : {&widgets_, &pods_, &secrets_}) informer->RequestStop();
    worker_.request_stop();
  }

  Json Stats() const {
    Json lists = {{"pods", 0}, {"secrets", 0}, {"widgets", 0}};
    for (const auto& family : registry_.Collect()) {
      if (family.name != "reflector_lists_total") continue;
      for (const auto& metric : family.metric) {
        lists[metric.label.front().value] = static_cast<std::int64_t>(metric.counter.value);
      }
    }
    return {{"pod_events", pod_events_.load()},
            {"reconciles", reconciles_.load()},
            {"writes", writes_.load()},
            {"lists", std::move(lists)}};
  }

  Json Spin(std::chrono::duration<double> duration) {
    spinning_ = true;
    for (const ObjectPtr& widget : widgets_.store().List()) queue_.Add(widget->key());
    const auto started = std::chrono::steady_clock::now();
    const std::int64_t before = reconciles_;
    std::this_thread::sleep_for(duration);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    const std::int64_t after = reconciles_;
    spinning_ = false;
    return {{"seconds", took.count()}, {"reconciles", after - before}};
  }

  // One line of JSON for the driver.
  static void Say(const char* event, Json fields) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    fields["event"] = event;
    fields["unix"] = std::chrono::duration<double>(now).count();
    std::cout << fields.dump() << std::endl;
  }

 private:
  void AddWidgetOf(const ObjectKey& key, const ObjectPtr& object) {
    const std::string widget = WidgetOf(object);
    if (!widget.empty()) queue_.Add({key.namespace_, widget});
  }

  bool WaitForSync(sb::Duration deadline, std::stop_token stop) const {
    const sb::TimePoint end = sb::SystemClock().Now() + deadline;
    for (const auto* informer : {&widgets_, &pods_, &secrets_}) {
      if (!informer->WaitForSync(end - sb::SystemClock().Now(), stop)) return false;
    }
    return true;
  }

  sb::Expected<sb::kube::Result> Reconcile(const ObjectKey& key) {
    const ObjectPtr widget = widgets_.store().Get(key);
    if (!widget) return sb::kube::Result{};
    long long ready = 0;
    for (const ObjectPtr& pod : pods_.store().ByIndex(kByWidget, key.ToString())) {
      ready += IsReady(pod);
    }
    if (ReadyInStatus(widget) != ready) {
      const Json patch = {{"status", {{"ready", ready}}}};
      auto written = client_.MergePatch(Widgets(), key, patch,
                                        {.field_manager = "bench", .subresource = "status"});
      if (!written) return tl::unexpected(written.error());
      ++writes_;
    }
    if (++reconciles_ == expected_) Say("synced", {{"reconciles", expected_}});
    if (spinning_) queue_.Add(key);
    return sb::kube::Result{};
  }

  prometheus::Registry registry_;
  sb::kube::Metrics metrics_;
  const std::int64_t expected_;
  std::atomic<std::int64_t> pod_events_ = 0;
  std::atomic<std::int64_t> reconciles_ = 0;
  std::atomic<std::int64_t> writes_ = 0;
  std::atomic<bool> spinning_ = false;
  sb::kube::Client client_;
  sb::kube::WorkQueue queue_;
  sb::kube::Informer widgets_;
  sb::kube::Informer pods_;
  sb::kube::Informer secrets_;
  sb::kube::Runner runner_;
  std::jthread worker_;
};

// Until the end of stdin.
int Serve(Manager& manager) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    double seconds = 0;
    words >> command;
    if (command == "stats") {
      Manager::Say("stats", manager.Stats());
    } else if (command == "spin" && words >> seconds) {
      Manager::Say("spin", manager.Spin(std::chrono::duration<double>(seconds)));
    } else {
      std::cerr << "unknown command: " << line << "\n";
      return 2;
    }
  }
  return 0;
}

int Run(std::int64_t widgets, bool status_only) {
  sb::log::SetLevel(sb::log::Level::kWarning);
  sb::kube::PrepareProcess();
  auto config = sb::kube::LoadDefault();
  auto transport = config ? sb::kube::MakeTransport(*config) : tl::unexpected(config.error());
  if (!transport) {
    std::cerr << "bench_controller: " << transport.error().message << "\n";
    return 1;
  }
  Manager manager(**transport, widgets, status_only);
  manager.Start();
  const int code = Serve(manager);
  manager.Stop();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The bench's manager on operator/kube");
  std::int64_t widgets = 1000;
  bool status_only = false;
  app.add_option("--widgets", widgets, "How many reconciles are the first round");
  app.add_flag("--status-only", status_only, "Keep only metadata, phase and conditions of Pods");
  CLI11_PARSE(app, argc, argv);
  return Run(widgets, status_only);
}
