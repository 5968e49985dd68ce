#include "operator/kube/testing/fake_etcd.h"

#include <cstdio>
#include <utility>

namespace sb::kube {
namespace {

// What a change of bumps metadata.generation: all but metadata and status.
Json SpecOf(Json object) {
  object.erase("metadata");
  object.erase("status");
  return object;
}

bool HasFinalizers(const Json& object) {
  const Json* finalizers = sb::Find(object, {"metadata", "finalizers"});
  return finalizers && finalizers->is_array() && !finalizers->empty();
}

}  // namespace

const StoredObject* FakeEtcd::Find(const StoredKey& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : &found->second;
}

std::vector<std::shared_ptr<const Json>> FakeEtcd::List(const std::string& collection) const {
  std::vector<std::shared_ptr<const Json>> objects;
  for (auto at = objects_.lower_bound({collection, {}});
       at != objects_.end() && at->first.collection == collection; ++at) {
    objects.push_back(at->second.object);
  }
  return objects;
}

std::vector<std::shared_ptr<const Json>> FakeEtcd::ListAt(const std::string& collection,
                                                          std::uint64_t version) const {
  std::map<ObjectKey, std::shared_ptr<const Json>> state;
  for (const auto& object : List(collection)) state[KeyOf(*object)] = object;
  for (auto entry = history_.rbegin(); entry != history_.rend() && entry->version > version;
       ++entry) {
    if (entry->key.collection == collection) state[entry->key.key] = entry->before;
  }
  std::vector<std::shared_ptr<const Json>> objects;
  for (const auto& [key, object] : state) {
    if (object) objects.push_back(object);
  }
  return objects;
}

std::shared_ptr<const Json> FakeEtcd::GetAt(const StoredKey& key, std::uint64_t version) const {
  const StoredObject* stored = Find(key);
  std::shared_ptr<const Json> object = stored ? stored->object : nullptr;
  for (auto entry = history_.rbegin(); entry != history_.rend() && entry->version > version;
       ++entry) {
    if (entry->key == key) object = entry->before;
  }
  return object;
}

std::vector<StoredKey> FakeEtcd::Keys() const {
  std::vector<StoredKey> keys;
  for (const auto& [key, stored] : objects_) keys.push_back(key);
  return keys;
}

std::shared_ptr<const Json> FakeEtcd::Put(const StoredKey& key, Json object, FieldOwners owners) {
  auto found = objects_.find(key);
  const std::shared_ptr<const Json> before =
      found == objects_.end() ? nullptr : found->second.object;
  Json& metadata = object["metadata"];
  metadata.erase("managedFields");
  if (before) {
    for (const char* kept : {"uid", "creationTimestamp", "generation", "resourceVersion"}) {
      if (before->at("metadata").contains(kept)) metadata[kept] = before->at("metadata")[kept];
    }
    if (object == *before && owners == found->second.owners) return before;
    if (SpecOf(object) != SpecOf(*before))
      metadata["generation"] = IntAt(object, {"metadata", "generation"}) + 1;
  } else {
    char uid[40];
    std::snprintf(uid, sizeof(uid), "00000000-0000-4000-8000-%012llu",
                  static_cast<unsigned long long>(next_uid_++));
    metadata["uid"] = uid;
    metadata["creationTimestamp"] = FormatTime(clock_.WallNow());
    metadata["generation"] = 1;
  }
  if (before && metadata.contains("deletionTimestamp") && !HasFinalizers(object)) {
    Erase(key);
    return before;
  }
  metadata["resourceVersion"] = std::to_string(++version_);
  auto after = std::make_shared<const Json>(std::move(object));
  objects_.insert_or_assign(key, StoredObject{after, std::move(owners)});
  Record(key, before, after);
  return after;
}

void FakeEtcd::Erase(const StoredKey& key) {
  auto found = objects_.find(key);
  if (found == objects_.end()) return;
  const auto before = found->second.object;
  objects_.erase(found);
  ++version_;
  Record(key, before, nullptr);
}

void FakeEtcd::Compact() {
  compacted_ = version_;
  history_.clear();
}

void FakeEtcd::Record(const StoredKey& key, std::shared_ptr<const Json> before,
                      std::shared_ptr<const Json> after) {
  history_.push_back({version_, key, std::move(before), std::move(after)});
}

}  // namespace sb::kube
