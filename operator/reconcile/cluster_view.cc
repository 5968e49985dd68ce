#include "operator/reconcile/cluster_view.h"

#include <algorithm>
#include <utility>

#include "operator/api/names.h"
#include "operator/reconcile/kinds.h"

namespace sb::reconcile {
namespace {

constexpr const char* kDefaultClass = "storageclass.kubernetes.io/is-default-class";

constexpr const char* kByBackend = "backend";

// The backend that a child belongs to, by label.
kube::ObjectKey OwnerOf(const kube::Object& object) {
  return {std::string(object.namespace_()),
          std::string(object.At({"metadata", "labels", api::kNameLabel}).String())};
}

std::shared_ptr<const Json> Thaw(const kube::ObjectPtr& object) {
  return std::make_shared<const Json>(object->ToJson());
}

}  // namespace

ClusterView::ClusterView(const kube::Client& client, ClusterViewOptions options)
    : options_(std::move(options)) {
  backends_ = std::make_unique<kube::Informer>(
      client,
      kube::InformerOptions{
          .resource = Backends(), .namespace_ = options_.namespace_, .metrics = options_.metrics},
      [this](const kube::ObjectKey& key, const kube::ObjectPtr&, const kube::ObjectPtr& now) {
        options_.on_backend(key, now);
      });
  for (const Kind& kind : ChildKinds()) {
    children_.push_back(std::make_unique<kube::Informer>(
        client,
        kube::InformerOptions{
            .resource = kind.resource,
            .namespace_ = options_.namespace_,
            .label_selector = std::string(api::kManagedByLabel) + "=" + api::kManagedByValue,
            .projection = kind.projection,
            .indexes = {{kByBackend, kube::IndexByLabel(api::kNameLabel)}},
            .metrics = options_.metrics},
        [this](const kube::ObjectKey&, const kube::ObjectPtr& old, const kube::ObjectPtr& now) {
          // Such as an HPA that tells the figures of its metric every 15 s.
          if (old && now && now->SaysTheSameAs(*old)) return;
          const kube::ObjectKey owner = OwnerOf(now ? *now : *old);
          if (!owner.name.empty()) options_.on_dependency(owner);
        }));
  }
  storage_classes_ = std::make_unique<kube::Informer>(
      client,
      kube::InformerOptions{.resource = kube::StorageClasses(), .metrics = options_.metrics},
      [this](const kube::ObjectKey&, const kube::ObjectPtr&, const kube::ObjectPtr&) {
        AnnounceAll();
      });
}

ClusterView::~ClusterView() { Stop(); }

void ClusterView::Start() {
  backends_->Start();
  for (auto& informer : children_) informer->Start();
  storage_classes_->Start();
}

void ClusterView::Stop() {
  backends_->RequestStop();
  for (auto& informer : children_) informer->RequestStop();
  storage_classes_->RequestStop();
  backends_->Stop();
  for (auto& informer : children_) informer->Stop();
  storage_classes_->Stop();
}

bool ClusterView::WaitForSync(Duration deadline, std::stop_token stop) const {
  const TimePoint end = SystemClock().Now() + deadline;
  const auto wait = [&](const kube::Informer& informer) {
    return informer.WaitForSync(end - SystemClock().Now(), stop);
  };
  return wait(*backends_) && wait(*storage_classes_) &&
         std::all_of(children_.begin(), children_.end(),
                     [&](const auto& each) { return wait(*each); });
}

bool ClusterView::Synced() const {
  return backends_->Synced() && storage_classes_->Synced() &&
         std::all_of(children_.begin(), children_.end(),
                     [](const auto& each) { return each->Synced(); });
}

std::string ClusterView::Problem() const {
  const auto problem = [](const kube::Informer& informer) {
    auto error = informer.LastError();
    return error ? informer.resource().plural + ": " + error->message : std::string();
  };
  if (auto text = problem(*backends_); !text.empty()) return text;
  for (const auto& informer : children_) {
    if (auto text = problem(*informer); !text.empty()) return text;
  }
  return problem(*storage_classes_);
}

kube::ObjectPtr ClusterView::Backend(const kube::ObjectKey& key) const {
  return backends_->store().Get(key);
}

std::vector<kube::ObjectPtr> ClusterView::AllBackends() const { return backends_->store().List(); }

kube::ObjectPtr ClusterView::Child(std::string_view kind, const kube::ObjectKey& key) const {
  for (const auto& informer : children_) {
    if (informer->resource().kind == kind) return informer->store().Get(key);
  }
  return nullptr;
}

std::vector<kube::ObjectPtr> ClusterView::PodsOf(const kube::ObjectKey& backend) const {
  for (const auto& informer : children_) {
    if (informer->resource().kind != kube::Pods().kind) continue;
    return informer->store().ByIndex(kByBackend, backend.namespace_ + "/" + backend.name);
  }
  return {};
}

plan::Observed ClusterView::Observe(const kube::ObjectKey& key) const {
  plan::Observed observed;
  const std::string index = key.namespace_ + "/" + key.name;
  for (const auto& informer : children_) {
    const std::string& kind = informer->resource().kind;
    for (const kube::ObjectPtr& object : informer->store().ByIndex(kByBackend, index)) {
      if (kind == kube::Pods().kind) {
        observed.pods.push_back(Thaw(object));
        continue;
      }
      observed.children.emplace(plan::ChildRef{kind, std::string(object->name())}, Thaw(object));
    }
  }
  std::sort(observed.pods.begin(), observed.pods.end(), [](const auto& a, const auto& b) {
    return StringAt(*a, {"metadata", "name"}) < StringAt(*b, {"metadata", "name"});
  });
  for (const kube::ObjectPtr& object : storage_classes_->store().List()) {
    observed.storage_classes.push_back(
        {std::string(object->name()),
         object->At({"metadata", "annotations", kDefaultClass}).String() == "true"});
  }
  std::sort(observed.storage_classes.begin(), observed.storage_classes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return observed;
}

void ClusterView::NoteWritten(const std::string& kind, const Json& object) {
  if (kind == Backends().kind) {
    backends_->NoteWritten(object);
    return;
  }
  for (auto& informer : children_) {
    if (informer->resource().kind == kind) informer->NoteWritten(object);
  }
}

void ClusterView::AnnounceAll() {
  for (const kube::ObjectPtr& backend : AllBackends()) options_.on_dependency(backend->key());
}

}  // namespace sb::reconcile
