// The watched side of the soak: runs informers against an API server and tells all that they see
// (feed.h) on stdout. One argument, a JSON object:
//
//   chaos_watch '{"kubeconfig": "…", "namespace": "ns", "lose_event": 0,
//                 "watch_timeout_s": [15, 20], "informers": [{"name": "blue", "group": "",
//                 "version": "v1", "plural": "configmaps", "kind": "ConfigMap", "label_selector":
//                 "pool=blue", "metadata_only": false, "streaming_list": false}]}'
//
// Commands on stdin: "dump N" writes every cache; end of input ends the process.
#include <unistd.h>

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
  config.backoff = {.base = 200ms, .factor = 2.0, .cap = 1s, .jitter = 1.0};
  return config;
}

// An informer and what it says.
struct Watched {
  InformerFeed feed;
  std::unique_ptr<kube::Informer> informer;
};

std::unique_ptr<Watched> Make(const kube::Client& client, const Json& settings, const Json& entry,
                              Feed& feed) {
  auto watched = std::make_unique<Watched>(InformerFeed(feed, StringAt(entry, {"name"})));
  InformerFeed& lines = watched->feed;
  kube::InformerOptions options;
  options.resource = {StringAt(entry, {"group"}), StringAt(entry, {"version"}),
                      StringAt(entry, {"plural"}), StringAt(entry, {"kind"})};
  options.namespace_ = StringAt(settings, {"namespace"});
  options.label_selector = StringAt(entry, {"label_selector"});
  options.metadata_only = BoolAt(entry, {"metadata_only"});
  options.watcher = ShortWatches(settings);
  options.watcher.streaming_list = BoolAt(entry, {"streaming_list"});
  options.observer = [&lines](const kube::WatchNote& note) { lines.Note(note); };
  watched->informer = std::make_unique<kube::Informer>(
      client, std::move(options),
      [&lines](const kube::ObjectKey& key, const kube::ObjectPtr& old, const kube::ObjectPtr& now) {
        lines.Change(key, old, now);
      });
  lines.Follow(watched->informer->store());
  return watched;
}

// Standard output for the feed alone: logs go to it by default, and join standard error instead.
std::FILE* TakeStdout() {
  std::FILE* const out = fdopen(dup(STDOUT_FILENO), "w");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return out;
}

int Run(const Json& settings) {
  const auto config = kube::LoadDefault({.kubeconfig = StringAt(settings, {"kubeconfig"})});
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
  Feed feed(TakeStdout());
  std::vector<std::unique_ptr<Watched>> all;
  for (const Json& entry : settings.at("informers")) {
    all.push_back(Make(client, settings, entry, feed));
  }
  for (auto& watched : all) watched->informer->Start();
  std::string command;
  while (std::cin >> command) {
    long long number = 0;
    if (command != "dump" || !(std::cin >> number)) continue;
    for (auto& watched : all) watched->feed.Cache(number);
  }
  for (auto& watched : all) watched->informer->RequestStop();
  for (auto& watched : all) watched->informer->Stop();
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
