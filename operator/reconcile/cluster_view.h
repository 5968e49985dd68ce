// Everything that the operator watches, kept warm on every replica, and its reduction to what a
// plan needs.
//
//   ClusterView view(client, {.on_backend = …});
//   view.Start();
//   if (!view.WaitForSync(60s, stop)) log(view.Problem());
//   plan::Observed observed = view.Observe(key);
//
// Thread-safe after construction.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "operator/kube/informer.h"
#include "operator/plan/observed.h"

namespace sb::reconcile {

struct ClusterViewOptions {
  std::string namespace_;  // watch only this one; "" for all
  // A backend appeared, changed (now) or vanished (null). On an informer's thread; must not block.
  std::function<void(const kube::ObjectKey&, const kube::ObjectPtr& now)> on_backend;
  // Something that the backend depends on changed.
  std::function<void(const kube::ObjectKey&)> on_dependency;
  kube::Metrics* metrics = nullptr;
};

class ClusterView {
 public:
  ClusterView(const kube::Client& client, ClusterViewOptions options);
  ~ClusterView();
  ClusterView(const ClusterView&) = delete;
  ClusterView& operator=(const ClusterView&) = delete;

  void Start();
  void Stop();
  bool WaitForSync(Duration deadline, std::stop_token stop) const;
  bool Synced() const;
  // Which kind cannot be listed or watched, and why; empty while all is well.
  std::string Problem() const;

  kube::ObjectPtr Backend(const kube::ObjectKey& key) const;
  std::vector<kube::ObjectPtr> AllBackends() const;
  // One child from the cache, or null; `kind` is one of ChildKinds().
  kube::ObjectPtr Child(std::string_view kind, const kube::ObjectKey& key) const;
  // The pods of a backend.
  std::vector<kube::ObjectPtr> PodsOf(const kube::ObjectKey& backend) const;
  // Children, pods and StorageClasses; the rest of Observed is for the caller to fill in.
  plan::Observed Observe(const kube::ObjectKey& key) const;

  // The server's answer to a write of `kind`: seen at once by the next Observe.
  void NoteWritten(const std::string& kind, const Json& object);

 private:
  void AnnounceAll();

  ClusterViewOptions options_;
  std::unique_ptr<kube::Informer> backends_;
  std::unique_ptr<kube::Informer> storage_classes_;
  std::vector<std::unique_ptr<kube::Informer>> children_;
};

}  // namespace sb::reconcile
