#include "operator/kube/store.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "operator/kube/resource_version.h"

namespace sb::kube {

IndexFunction IndexByLabel(std::string name) {
  return [name = std::move(name)](const Object& object) -> std::vector<std::string> {
    const std::string_view value = object.At({"metadata", "labels", name}).String();
    if (value.empty()) return {};
    std::string both(object.namespace_());
    both += '/';
    both += value;
    return {std::move(both)};
  };
}

std::size_t Store::Hash::operator()(const Name& name) const {
  const std::size_t seed = std::hash<std::string_view>{}(name.namespace_);
  return seed ^ (std::hash<std::string_view>{}(name.name) + 0x9e3779b97f4a7c15ULL + (seed << 6) +
                 (seed >> 2));
}

void Store::Index::Add(const ObjectPtr& object) {
  for (std::string& value : function(*object)) {
    Bucket& bucket = buckets[std::move(value)];
    const auto at = std::lower_bound(bucket.begin(), bucket.end(), object);
    if (at == bucket.end() || *at != object) bucket.insert(at, object);
  }
}

void Store::Index::Remove(const ObjectPtr& object) {
  for (const std::string& value : function(*object)) {
    const auto found = buckets.find(value);
    if (found == buckets.end()) continue;
    Bucket& bucket = found->second;
    const auto at = std::lower_bound(bucket.begin(), bucket.end(), object);
    if (at != bucket.end() && *at == object) bucket.erase(at);
    if (bucket.empty()) buckets.erase(found);
  }
}

ObjectPtr Store::Get(const ObjectKey& key) const {
  std::shared_lock lock(entries_mutex_);
  const auto found = entries_.find(NameOf(key));
  return found == entries_.end() ? nullptr : found->object;
}

std::vector<ObjectPtr> Store::List(std::string_view namespace_) const {
  std::shared_lock lock(entries_mutex_);
  std::vector<ObjectPtr> objects;
  if (namespace_.empty()) objects.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (namespace_.empty() || entry.object->namespace_() == namespace_) {
      objects.push_back(entry.object);
    }
  }
  return objects;
}

std::size_t Store::size() const {
  std::shared_lock lock(entries_mutex_);
  return entries_.size();
}

void Store::AddIndex(const std::string& name, IndexFunction function) {
  std::unique_lock lock(entries_mutex_);
  Index& index = indexes_[name];
  index.function = std::move(function);
  for (const Entry& entry : entries_) index.Add(entry.object);
}

std::vector<ObjectPtr> Store::ByIndex(std::string_view index, std::string_view value) const {
  std::shared_lock lock(entries_mutex_);
  const auto found = indexes_.find(index);
  if (found == indexes_.end()) return {};
  const auto bucket = found->second.buckets.find(value);
  if (bucket == found->second.buckets.end()) return {};
  return bucket->second;
}

bool Store::Synced() const {
  std::shared_lock lock(entries_mutex_);
  return synced_;
}

std::string Store::ResourceVersion() const {
  std::shared_lock lock(entries_mutex_);
  return resource_version_;
}

bool Store::HasReached(std::string_view resource_version) const {
  std::shared_lock lock(entries_mutex_);
  return synced_ &&
         (resource_version_ == resource_version || IsNewer(resource_version_, resource_version));
}

void Store::LockedPut(ObjectPtr object, bool unannounced) {
  if (const auto held = entries_.find(NameOf(*object)); held != entries_.end()) LockedErase(held);
  for (auto& [name, index] : indexes_) index.Add(object);
  entries_.insert(Entry{std::move(object), unannounced});
}

void Store::LockedErase(Entries::iterator entry) {
  for (auto& [name, index] : indexes_) index.Remove(entry->object);
  entries_.erase(entry);
}

bool StoreWriter::StageHeld(std::string_view namespace_, std::string_view name,
                            std::string_view resource_version) {
  std::shared_lock lock(store_.entries_mutex_);
  const auto held = store_.entries_.find(Store::Name{namespace_, name});
  if (held == store_.entries_.end() || resource_version.empty() ||
      held->object->resource_version() != resource_version) {
    return false;
  }
  Stage(held->object);
  return true;
}

void StoreWriter::Stage(ObjectPtr object) {
  Unstage(*object);
  staged_.insert(Store::Entry{std::move(object), false});
}

void StoreWriter::Unstage(const Object& object) {
  const auto staged = staged_.find(Store::NameOf(object));
  if (staged != staged_.end()) staged_.erase(staged);
}

void StoreWriter::DropStaged() { Store::Entries().swap(staged_); }

std::vector<Change> StoreWriter::Commit(std::string_view resource_version) {
  Store::Entries listed = std::exchange(staged_, {});

  std::vector<Change> changes;
  std::unique_lock lock(store_.entries_mutex_);
  // A list that is older than the cache means that the server's own history went back (etcd was
  // restored): then it is right about everything. Otherwise a write of ours may be newer than the
  // list.
  const bool went_back = IsNewer(store_.resource_version_, resource_version);
  const auto ours_is_newer = [&](const Store::Entry& entry, std::string_view version) {
    return !went_back && entry.unannounced && IsNewer(entry.object->resource_version(), version);
  };
  std::vector<Store::Entry> kept;  // ours, which the list does not know yet
  for (const Store::Entry& held : store_.entries_) {
    const auto now = listed.find(Store::NameOf(*held.object));
    const std::string_view version =
        now == listed.end() ? resource_version : now->object->resource_version();
    if (ours_is_newer(held, version)) {
      kept.push_back(held);
    } else if (now == listed.end()) {
      changes.push_back({held.object, nullptr});
    } else if (now->object != held.object || held.unannounced) {
      changes.push_back({held.object, now->object});
    }
  }
  for (const Store::Entry& now : listed) {
    if (store_.entries_.find(Store::NameOf(*now.object)) == store_.entries_.end()) {
      changes.push_back({nullptr, now.object});
    }
  }
  for (Store::Entry& ours : kept) {
    listed.erase(ours);
    listed.insert(std::move(ours));
  }
  for (const Change& change : changes) {
    for (auto& [name, index] : store_.indexes_) {
      if (change.old) index.Remove(change.old);
      if (change.now) index.Add(change.now);
    }
  }
  store_.entries_.swap(listed);
  store_.resource_version_ = resource_version;
  store_.synced_ = true;
  return changes;
}

bool StoreWriter::IsOlderThanOurs(const Store::Entry& held, std::string_view version) {
  return held.unannounced && IsNewer(held.object->resource_version(), version);
}

std::vector<Change> StoreWriter::Upsert(ObjectPtr object) {
  std::unique_lock lock(store_.entries_mutex_);
  if (!object->resource_version().empty()) store_.resource_version_ = object->resource_version();
  const auto held = store_.entries_.find(Store::NameOf(*object));
  ObjectPtr old;
  if (held != store_.entries_.end()) {
    if (IsOlderThanOurs(*held, object->resource_version())) return {};
    old = held->object;
  }
  store_.LockedPut(object, false);
  return {{std::move(old), std::move(object)}};
}

std::vector<Change> StoreWriter::Remove(const Object& object) {
  const std::string_view version = object.resource_version();
  std::unique_lock lock(store_.entries_mutex_);
  if (!version.empty()) store_.resource_version_ = version;
  const auto held = store_.entries_.find(Store::NameOf(object));
  if (held == store_.entries_.end()) return {};
  // We have already made it again: this is the end of the one before.
  if (IsOlderThanOurs(*held, version)) return {};
  Change change{held->object, nullptr};
  store_.LockedErase(held);
  return {std::move(change)};
}

void StoreWriter::Advance(std::string_view resource_version) {
  std::unique_lock lock(store_.entries_mutex_);
  store_.resource_version_ = resource_version;
}

void StoreWriter::NoteWritten(ObjectPtr object) {
  if (!object || !IsComparable(object->resource_version())) return;
  std::unique_lock lock(store_.entries_mutex_);
  if (!store_.synced_) return;
  // Already past it: what the cache has (or no longer has, if it was deleted since) is newer than
  // this answer.
  if (!IsNewer(object->resource_version(), store_.resource_version_)) return;
  const auto held = store_.entries_.find(Store::NameOf(*object));
  if (held != store_.entries_.end() &&
      !IsNewer(object->resource_version(), held->object->resource_version())) {
    return;
  }
  store_.LockedPut(std::move(object), true);
}

}  // namespace sb::kube
