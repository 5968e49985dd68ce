// What happens to the fake API server besides the client under test.
#include <algorithm>
#include <set>
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"

namespace sb::kube {

std::optional<Json> FakeApiServer::Get(const Resource& resource, const ObjectKey& key) const {
  std::lock_guard lock(impl_->server_mutex);
  const RevisionPtr stored = impl_->etcd.Find({CollectionOf(resource), key});
  if (!stored) return std::nullopt;
  return stored->Rendered();
}

std::vector<Json> FakeApiServer::List(const Resource& resource,
                                      const std::string& namespace_) const {
  std::lock_guard lock(impl_->server_mutex);
  std::vector<Json> objects;
  for (const RevisionPtr& revision : impl_->etcd.List(CollectionOf(resource))) {
    if (!namespace_.empty() && KeyOf(revision->object()).namespace_ != namespace_) continue;
    objects.push_back(revision->Rendered());
  }
  return objects;
}

RevisionPtr FakeApiServer::Implementation::LockedPut(const Resource& resource, Json object) {
  object["kind"] = resource.kind;
  object["apiVersion"] = resource.ApiVersion();
  const StoredKey key{CollectionOf(resource), KeyOf(object)};
  const RevisionPtr stored = etcd.Find(key);
  FieldOwners owners = stored ? stored->owners() : FieldOwners();
  if (traits.field_owners) {
    owners.Update({"outside", "Update", ""}, stored ? stored->object() : Json::object(), object);
  }
  changed.notify_all();
  return etcd.Put(key, std::move(object), std::move(owners));
}

Json FakeApiServer::Put(const Resource& resource, Json object) {
  std::lock_guard lock(impl_->server_mutex);
  return impl_->LockedPut(resource, std::move(object))->object();
}

bool FakeApiServer::Edit(const Resource& resource, const ObjectKey& key,
                         const std::function<void(Json&)>& edit) {
  std::unique_lock lock(impl_->server_mutex);
  const RevisionPtr stored = impl_->etcd.Find({CollectionOf(resource), key});
  if (!stored) return false;
  lock.unlock();  // the edit may ask the server
  Json object = stored->object();
  edit(object);
  lock.lock();
  impl_->LockedPut(resource, std::move(object));
  return true;
}

bool FakeApiServer::Remove(const Resource& resource, const ObjectKey& key) {
  std::lock_guard lock(impl_->server_mutex);
  FakeRoute route;
  route.collection = CollectionOf(resource);
  route.namespace_ = key.namespace_;
  route.name = key.name;
  const Response response = impl_->LockedDelete(route, Json::object());
  impl_->changed.notify_all();
  return response.status == 200;
}

int FakeApiServer::CollectGarbage() {
  std::lock_guard lock(impl_->server_mutex);
  int removed = 0;
  for (bool again = true; again;) {
    again = false;
    std::set<std::string> alive;
    for (const StoredKey& key : impl_->etcd.Keys())
      alive.insert(UidOf(impl_->etcd.Find(key)->object()));
    for (const StoredKey& key : impl_->etcd.Keys()) {
      const Json* owners = Find(impl_->etcd.Find(key)->object(), {"metadata", "ownerReferences"});
      if (!owners || !owners->is_array() || owners->empty()) continue;
      const bool orphan = std::none_of(owners->begin(), owners->end(), [&](const Json& owner) {
        return alive.contains(StringAt(owner, {"uid"}));
      });
      if (!orphan) continue;
      FakeRoute route;
      route.collection = key.collection;
      route.namespace_ = key.key.namespace_;
      route.name = key.key.name;
      impl_->LockedDelete(route, Json::object());
      if (impl_->etcd.Find(key)) continue;  // its finalizers hold it
      ++removed;
      again = true;
    }
  }
  impl_->changed.notify_all();
  return removed;
}

std::string FakeApiServer::ResourceVersion() const {
  std::lock_guard lock(impl_->server_mutex);
  return std::to_string(impl_->etcd.version());
}

void FakeApiServer::Implementation::LockedCompact(std::uint64_t version) {
  etcd.Compact(version);
  for (Watcher& watcher : watchers) {
    // A watch that has not been given all events can no longer be.
    if (watcher.delivered < etcd.compacted()) watcher.Close(Watcher::Closing::kGone);
  }
}

void FakeApiServer::Compact(bool break_watches) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->LockedCompact(impl_->etcd.version());
  if (break_watches) {
    for (auto& watcher : impl_->watchers) {
      watcher.Close(Implementation::Watcher::Closing::kGone);
    }
  }
  impl_->changed.notify_all();
}

void FakeApiServer::CompactAllBut(std::uint64_t versions) {
  std::lock_guard lock(impl_->server_mutex);
  const std::uint64_t now = impl_->etcd.version();
  if (now > versions) impl_->LockedCompact(now - versions);
  impl_->changed.notify_all();
}

void FakeApiServer::SkipVersions(std::uint64_t count) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->etcd.Skip(count);
  impl_->changed.notify_all();
}

void FakeApiServer::Bookmark() {
  std::lock_guard lock(impl_->server_mutex);
  for (auto& watcher : impl_->watchers) ++watcher.bookmarks;
  impl_->changed.notify_all();
}

void FakeApiServer::CloseWatches(bool cleanly) {
  using Closing = Implementation::Watcher::Closing;
  std::lock_guard lock(impl_->server_mutex);
  for (auto& watcher : impl_->watchers) {
    watcher.Close(cleanly ? Closing::kCleanly : Closing::kBroken);
  }
  impl_->changed.notify_all();
}

void FakeApiServer::Implementation::LockedRestart() {
  for (Watcher& watcher : watchers) watcher.Close(Watcher::Closing::kBroken);
  cache_reached = 0;
  cache_began = LockedCacheVersion();
  changed.notify_all();
}

void FakeApiServer::Restart() {
  std::lock_guard lock(impl_->server_mutex);
  impl_->LockedRestart();
}

void FakeApiServer::Become(const FakeServerTraits& traits) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->traits = traits;
  impl_->changed.notify_all();
}

FakeApiServer::Backup::Backup() : content_(std::make_shared<const Content>()) {}
FakeApiServer::Backup::~Backup() = default;
FakeApiServer::Backup::Backup(const Backup&) = default;
FakeApiServer::Backup& FakeApiServer::Backup::operator=(const Backup&) = default;

FakeApiServer::Backup FakeApiServer::BackUp() const {
  std::lock_guard lock(impl_->server_mutex);
  Backup backup;
  backup.content_ =
      std::make_shared<const Backup::Content>(Backup::Content{impl_->etcd.TakeSnapshot()});
  return backup;
}

void FakeApiServer::Restore(const Backup& backup, std::uint64_t bump) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->etcd.Restore(backup.content_->snapshot, bump);
  impl_->LockedRestart();
}

}  // namespace sb::kube
