// An informer of a kind that the cluster may or may not serve: it starts when the API appears and
// ends when it goes, and then everything that it held is announced as deleted.
//
//   OptionalInformer routes(client, {.label_selector = "…"}, on_change);
//   Discovery discovery(client, {"httproutes.gateway.networking.k8s.io"},
//                       [&](const std::string&, const auto& served) { routes.Follow(served); });
//   for (const ObjectPtr& route : routes.List()) …   // none while the API is not there
//
// Without it an informer of a deleted definition would ask again and again for ever
// (kubernetes#79610). Follow is called by one thread at a time and may block until the informer
// before has ended; everything else is thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "operator/kube/informer.h"

namespace sb::kube {

class OptionalInformer {
 public:
  // `options.resource` is filled in by Follow.
  OptionalInformer(const Client& client, InformerOptions options, Informer::OnChange on_change,
                   const Clock& clock = SystemClock());

  // The kind is served as this from now on, or not at all.
  void Follow(const std::optional<Resource>& served);

  bool IsServed() const { return Current() != nullptr; }
  // Nothing is served, or the first list is in the store.
  bool Synced() const;
  ObjectPtr Get(const ObjectKey& key) const;
  std::vector<ObjectPtr> List(std::string_view namespace_ = "") const;
  std::vector<ObjectPtr> ByIndex(std::string_view index, std::string_view value) const;

 private:
  std::shared_ptr<Informer> Current() const;

  const Client& client_;
  const InformerOptions options_;
  const Informer::OnChange on_change_;
  const Clock& clock_;
  mutable std::mutex informer_mutex_;
  std::shared_ptr<Informer> informer_;
};

}  // namespace sb::kube
