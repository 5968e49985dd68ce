#include "operator/kube/optional_informer.h"

#include <utility>

namespace sb::kube {

OptionalInformer::OptionalInformer(const Client& client, InformerOptions options,
                                   Informer::OnChange on_change, const Clock& clock)
    : client_(client),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      clock_(clock) {}

void OptionalInformer::Follow(const std::optional<Resource>& served) {
  std::shared_ptr<Informer> next;
  if (served) {
    InformerOptions options = options_;
    options.resource = *served;
    next = std::make_shared<Informer>(client_, std::move(options), on_change_, clock_);
  }
  std::shared_ptr<Informer> last;
  {
    std::lock_guard lock(informer_mutex_);
    last = std::exchange(informer_, next);
  }
  if (last) {
    last->Stop();
    if (on_change_) {
      for (const ObjectPtr& gone : last->store().List()) on_change_(gone->key(), gone, nullptr);
    }
  }
  if (next) next->Start();
}

bool OptionalInformer::Synced() const {
  const auto informer = Current();
  return !informer || informer->Synced();
}

ObjectPtr OptionalInformer::Get(const ObjectKey& key) const {
  const auto informer = Current();
  return informer ? informer->store().Get(key) : nullptr;
}

std::vector<ObjectPtr> OptionalInformer::List(std::string_view namespace_) const {
  const auto informer = Current();
  return informer ? informer->store().List(namespace_) : std::vector<ObjectPtr>();
}

std::vector<ObjectPtr> OptionalInformer::ByIndex(std::string_view index,
                                                 std::string_view value) const {
  const auto informer = Current();
  return informer ? informer->store().ByIndex(index, value) : std::vector<ObjectPtr>();
}

std::shared_ptr<Informer> OptionalInformer::Current() const {
  std::lock_guard lock(informer_mutex_);
  return informer_;
}

}  // namespace sb::kube
