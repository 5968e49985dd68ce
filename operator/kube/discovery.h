// Which optional APIs the cluster serves, now and from now on: those that come with a
// CustomResourceDefinition, such as the Gateway API or ServiceMonitors.
//
//   Discovery discovery(client, {"httproutes.gateway.networking.k8s.io"},
//                       [&](const std::string& name, const std::optional<Resource>& served) { … });
//   discovery.Start();
//   if (auto routes = discovery.Find("httproutes.gateway.networking.k8s.io")) …
//
// Nothing is polled: a metadata-only watch of the definitions' names says when to look, and then
// two small discovery documents say in which version and with which kind. A definition that is
// there but not served yet is looked at again, with a delay that grows. on_served runs on one
// thread of its own, for each name once its answer is known and after each change; it may block.
//
// Needs list and watch on customresourcedefinitions (apiextensions.k8s.io); without, everything
// counts as unknown and LastError says why. APIs of aggregated servers are not looked for.
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "operator/kube/client.h"
#include "operator/kube/informer.h"
#include "operator/kube/resource.h"
#include "operator/kube/work_queue.h"

namespace sb::kube {

// Asks the server's discovery documents for "plural.group". Nothing: not served. Of several
// versions the group's preferred one, else the first that has it.
Expected<std::optional<Resource>> FindServed(const Client& client, const std::string& name);

class Discovery {
 public:
  // `served` is empty when the API has gone, or was never there.
  using OnServed =
      std::function<void(const std::string& name, const std::optional<Resource>& served)>;

  // `names`: "plural.group", as the definitions are called. The client must outlive this.
  Discovery(const Client& client, std::vector<std::string> names, OnServed on_served,
            const Clock& clock = SystemClock());
  ~Discovery();  // stops
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  void Start();
  void Stop();

  // The API as served when last looked; nothing if it is not.
  std::optional<Resource> Find(const std::string& name) const;
  // True once each name's answer is known.
  bool WaitForAnswers(Duration deadline, std::stop_token stop = {}) const;
  // Why the definitions cannot be watched; nothing while they are.
  std::optional<Error> LastError() const { return definitions_.LastError(); }

 private:
  void Run(std::stop_token stop);
  Expected<void> Look(const std::string& name);
  bool IsWanted(const std::string& name) const;

  const Client& client_;
  const std::vector<std::string> names_;
  const OnServed on_served_;
  WorkQueue queue_;
  Informer definitions_;
  mutable std::mutex served_mutex_;
  mutable std::condition_variable_any answered_;
  std::map<std::string, std::optional<Resource>> served_;  // only names whose answer is known
  std::jthread thread_;
};

}  // namespace sb::kube
