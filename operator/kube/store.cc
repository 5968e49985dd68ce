#include "operator/kube/store.h"

#include <mutex>
#include <utility>

#include "operator/kube/resource_version.h"

namespace sb::kube {

void DropNoise(Json& object) {
  auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  metadata->erase("managedFields");
  auto annotations = metadata->find("annotations");
  if (annotations == metadata->end() || !annotations->is_object()) return;
  annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
}

IndexFunction IndexByLabel(std::string name) {
  return [name = std::move(name)](const Json& object) -> std::string {
    const std::string value = StringAt(object, {"metadata", "labels", name});
    if (value.empty()) return "";
    return StringAt(object, {"metadata", "namespace"}) + "/" + value;
  };
}

Store::Store(IndexFunction index) : index_(std::move(index)) {}

ObjectPtr Store::Get(const ObjectKey& key) const {
  std::shared_lock lock(entries_mutex_);
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.object;
}

std::vector<ObjectPtr> Store::List(std::string_view namespace_) const {
  std::shared_lock lock(entries_mutex_);
  std::vector<ObjectPtr> objects;
  if (namespace_.empty()) objects.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    if (namespace_.empty() || key.namespace_ == namespace_) objects.push_back(entry.object);
  }
  return objects;
}

std::vector<ObjectPtr> Store::ByIndex(const std::string& value) const {
  std::shared_lock lock(entries_mutex_);
  std::vector<ObjectPtr> objects;
  auto keys = by_index_.find(value);
  if (keys == by_index_.end()) return objects;
  objects.reserve(keys->second.size());
  for (const ObjectKey& key : keys->second) objects.push_back(entries_.at(key).object);
  return objects;
}

std::size_t Store::size() const {
  std::shared_lock lock(entries_mutex_);
  return entries_.size();
}

bool Store::Synced() const {
  std::shared_lock lock(entries_mutex_);
  return synced_;
}

std::string Store::ResourceVersion() const {
  std::shared_lock lock(entries_mutex_);
  return resource_version_;
}

void Store::LockedPut(const ObjectKey& key, Entry entry) {
  LockedErase(key);
  if (!entry.index.empty()) by_index_[entry.index].insert(key);
  entries_.insert_or_assign(key, std::move(entry));
}

void Store::LockedErase(const ObjectKey& key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (auto keys = by_index_.find(found->second.index); keys != by_index_.end()) {
    keys->second.erase(key);
    if (keys->second.empty()) by_index_.erase(keys);
  }
  entries_.erase(found);
}

StoreWriter::StoreWriter(Store& store, Projection projection)
    : store_(store), projection_(std::move(projection)) {}

Store::Entry StoreWriter::MakeEntry(Json object) const {
  Store::Entry entry;
  entry.resource_version = ResourceVersionOf(object);
  if (projection_) projection_(object);
  if (store_.index_) entry.index = store_.index_(object);
  entry.object = std::make_shared<const Json>(std::move(object));
  return entry;
}

void StoreWriter::Stage(Json object) {
  const ObjectKey key = KeyOf(object);
  staged_.insert_or_assign(key, MakeEntry(std::move(object)));
}

void StoreWriter::DropStaged() { staged_.clear(); }

std::vector<Change> StoreWriter::Commit(const std::string& resource_version) {
  std::vector<Change> changes;
  std::unique_lock lock(store_.entries_mutex_);
  // A list that is older than the cache means that the server's own history went back (etcd was
  // restored): then it is right about everything. Otherwise a write of ours may be newer than the
  // list.
  const bool went_back = IsNewer(store_.resource_version_, resource_version);
  const auto ours_is_newer = [&](const Store::Entry& entry, const std::string& version) {
    return !went_back && entry.unannounced && IsNewer(entry.resource_version, version);
  };
  std::vector<ObjectKey> vanished;
  for (const auto& [key, entry] : store_.entries_) {
    if (!staged_.contains(key) && !ours_is_newer(entry, resource_version)) vanished.push_back(key);
  }
  for (const ObjectKey& key : vanished) {
    changes.push_back({key, store_.entries_.at(key).object, nullptr});
    store_.LockedErase(key);
  }
  for (auto& [key, entry] : staged_) {
    auto held = store_.entries_.find(key);
    if (held == store_.entries_.end()) {
      changes.push_back({key, nullptr, entry.object});
    } else {
      if (ours_is_newer(held->second, entry.resource_version)) continue;
      const bool same = held->second.resource_version == entry.resource_version;
      if (same && !held->second.unannounced) continue;  // keep the copy that readers share
      changes.push_back({key, held->second.object, entry.object});
    }
    store_.LockedPut(key, std::move(entry));
  }
  staged_.clear();
  store_.resource_version_ = resource_version;
  store_.synced_ = true;
  return changes;
}

bool StoreWriter::IsOlderThanOurs(const Store::Entry& held, const std::string& version) {
  return held.unannounced && IsNewer(held.resource_version, version);
}

std::vector<Change> StoreWriter::Upsert(Json object) {
  const ObjectKey key = KeyOf(object);
  Store::Entry entry = MakeEntry(std::move(object));
  std::unique_lock lock(store_.entries_mutex_);
  if (!entry.resource_version.empty()) store_.resource_version_ = entry.resource_version;
  auto held = store_.entries_.find(key);
  ObjectPtr old;
  if (held != store_.entries_.end()) {
    if (IsOlderThanOurs(held->second, entry.resource_version)) return {};
    old = held->second.object;
  }
  ObjectPtr now = entry.object;
  store_.LockedPut(key, std::move(entry));
  return {{key, std::move(old), std::move(now)}};
}

std::vector<Change> StoreWriter::Remove(const Json& object) {
  const ObjectKey key = KeyOf(object);
  const std::string version = ResourceVersionOf(object);
  std::unique_lock lock(store_.entries_mutex_);
  if (!version.empty()) store_.resource_version_ = version;
  auto held = store_.entries_.find(key);
  if (held == store_.entries_.end()) return {};
  // We have already made it again: this is the end of the one before.
  if (IsOlderThanOurs(held->second, version)) return {};
  Change change{key, held->second.object, nullptr};
  store_.LockedErase(key);
  return {std::move(change)};
}

void StoreWriter::Advance(const std::string& resource_version) {
  std::unique_lock lock(store_.entries_mutex_);
  store_.resource_version_ = resource_version;
}

void StoreWriter::NoteWritten(Json object) {
  const ObjectKey key = KeyOf(object);
  Store::Entry entry = MakeEntry(std::move(object));
  entry.unannounced = true;
  if (!IsComparable(entry.resource_version)) return;
  std::unique_lock lock(store_.entries_mutex_);
  if (!store_.synced_) return;
  // Already past it: what the cache has (or no longer has, if it was deleted since) is newer than
  // this answer.
  if (!IsNewer(entry.resource_version, store_.resource_version_)) return;
  auto held = store_.entries_.find(key);
  if (held != store_.entries_.end() &&
      !IsNewer(entry.resource_version, held->second.resource_version)) {
    return;
  }
  store_.LockedPut(key, std::move(entry));
}

}  // namespace sb::kube
