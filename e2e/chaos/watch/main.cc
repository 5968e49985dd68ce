// The watched side of the soak: runs informers against an API server and tells all that they see
// (feed.h) on stdout. One argument, a JSON object:
//
//   chaos_watch '{"kubeconfig": "…", "namespace": "ns", "lose_event": 0,
//                 "watch_timeout_s": [15, 20], "informers": [{"name": "blue", "group": "",
//                 "version": "v1", "plural": "configmaps", "kind": "ConfigMap",
//                 "label_selector": "pool=blue"}]}'
//
// Commands on stdin: "dump N" writes every cache; end of input ends the process.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "e2e/chaos/watch/feed.h"
#include "e2e/chaos/watch/lossy_transport.h"
#include "operator/kube/client.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/informer.h"

namespace sb::chaos {
namespace {

using namespace std::chrono_literals;

// Short enough that stalls are noticed and healed many times within minutes.
kube::WatcherConfig ShortWatches(const Json& settings) {
  kube::WatcherConfig config;
  if (const Json* range = Find(settings, {"watch_timeout_s"}); range && range->size() == 2) {
    config.watch_timeout_min_s = range->at(0).get<int>();
    config.watch_timeout_max_s = range->at(1).get<int>();
  }
  config.idle_beyond_timeout = 3s;
  config.idle_after_bookmark = std::chrono::seconds(config.watch_timeout_max_s) + 3s;
  config.backoff = {.base = 200ms, .factor = 2.0, .cap = 3s, .jitter = 1.0};
  return config;
}

std::unique_ptr<kube::Informer> MakeInformer(const kube::Client& client, const Json& settings,
                                             const Json& entry, Feed& feed) {
  const std::string name = StringAt(entry, {"name"});
  kube::InformerOptions options;
  options.resource = {StringAt(entry, {"group"}), StringAt(entry, {"version"}),
                      StringAt(entry, {"plural"}), StringAt(entry, {"kind"})};
  options.namespace_ = StringAt(settings, {"namespace"});
  options.label_selector = StringAt(entry, {"label_selector"});
  options.watcher = ShortWatches(settings);
  options.observer = [&feed, name](const kube::WatchNote& note) { feed.Note(name, note); };
  return std::make_unique<kube::Informer>(
      client, std::move(options),
      [&feed, name](const kube::ObjectKey& key, const kube::ObjectPtr& old,
                    const kube::ObjectPtr& now) { feed.Change(name, key, old, now); });
}

int Run(const Json& settings) {
  const auto config = kube::FromKubeconfig(StringAt(settings, {"kubeconfig"}));
  if (!config) {
    std::cerr << "chaos_watch: " << config.error().message << "\n";
    return 1;
  }
  auto transport = kube::MakeTransport(*config);
  if (!transport) {
    std::cerr << "chaos_watch: " << transport.error().message << "\n";
    return 1;
  }
  LossyTransport lossy(**transport, IntAt(settings, {"lose_event"}));
  const kube::Client client(lossy, {.deadline = 5s});
  Feed feed(stdout);
  std::vector<std::string> names;
  std::vector<std::unique_ptr<kube::Informer>> informers;
  for (const Json& entry : settings.at("informers")) {
    names.push_back(StringAt(entry, {"name"}));
    informers.push_back(MakeInformer(client, settings, entry, feed));
  }
  for (auto& informer : informers) informer->Start();
  std::string command;
  while (std::cin >> command) {
    long long number = 0;
    if (command != "dump" || !(std::cin >> number)) continue;
    for (std::size_t i = 0; i < informers.size(); ++i) {
      feed.Cache(names[i], informers[i]->store(), number);
    }
  }
  for (auto& informer : informers) informer->RequestStop();
  for (auto& informer : informers) informer->Stop();
  return 0;
}

}  // namespace
}  // namespace sb::chaos

int main(int argc, char** argv) {
  sb::kube::PrepareProcess();
  const sb::Json settings =
      argc == 2 ? sb::Json::parse(argv[1], nullptr, false) : sb::Json(nullptr);
  if (!settings.is_object() || !settings.contains("informers")) {
    std::cerr << "usage: chaos_watch SETTINGS, a JSON object; see main.cc\n";
    return 2;
  }
  return sb::chaos::Run(settings);
}
