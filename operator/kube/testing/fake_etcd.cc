#include "operator/kube/testing/fake_etcd.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sb::kube {
namespace {

bool IsSpec(const std::string& member) { return member != "metadata" && member != "status"; }

// What bumps metadata.generation: a change of anything but metadata and status.
bool SameSpec(const Json& a, const Json& b) {
  const auto holds = [](const Json& part, const Json& whole) {
    for (const auto& [name, value] : part.items()) {
      if (!IsSpec(name)) continue;
      const auto other = whole.find(name);
      if (other == whole.end() || *other != value) return false;
    }
    return true;
  };
  return holds(a, b) && holds(b, a);
}

bool HasFinalizers(const Json& object) {
  const Json* finalizers = sb::Find(object, {"metadata", "finalizers"});
  return finalizers && finalizers->is_array() && !finalizers->empty();
}

}  // namespace

Json Revision::Rendered() const {
  Json rendered = object_;
  Json managed = owners_.ManagedFields(StringAt(object_, {"apiVersion"}));
  if (!managed.empty()) rendered["metadata"]["managedFields"] = std::move(managed);
  return rendered;
}

std::string Revision::Text(bool metadata_only) const {
  const std::string& item = ItemText(metadata_only);
  if (metadata_only) return item;
  std::string text = "{";
  for (const char* name : {"apiVersion", "kind"}) {
    const auto value = object_.find(name);
    if (value != object_.end()) text += Json(name).dump() + ":" + value->dump() + ",";
  }
  return text.append(item, 1);
}

const std::string& Revision::ItemText(bool metadata_only) const {
  std::string& text = metadata_only ? partial_text_ : item_text_;
  if (!text.empty()) return text;
  if (metadata_only) {
    text = AsPartialObject(Rendered()).dump();
    return text;
  }
  // Member by member: a simulation makes so many of these that a copy would count.
  const bool managed = !(owners_ == FieldOwners());
  const Json rendered = managed ? Rendered() : Json();
  for (const auto& [name, value] : (managed ? rendered : object_).items()) {
    if (name == "kind" || name == "apiVersion") continue;
    text += (text.empty() ? "{" : ",") + Json(name).dump() + ":" + value.dump();
  }
  text += '}';
  return text;
}

Json AsPartialObject(const Json& object) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", object.value("metadata", Json::object())}};
}

RevisionPtr FakeEtcd::Find(const StoredKey& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<RevisionPtr> FakeEtcd::List(const std::string& collection) const {
  std::vector<RevisionPtr> objects;
  for (auto at = objects_.lower_bound({collection, {}});
       at != objects_.end() && at->first.collection == collection; ++at) {
    objects.push_back(at->second);
  }
  return objects;
}

std::vector<RevisionPtr> FakeEtcd::ListAt(const std::string& collection,
                                          std::uint64_t version) const {
  const History& history = HistoryOf(collection);
  const auto first = After(history, version);
  if (first == history.end()) return List(collection);
  std::map<ObjectKey, RevisionPtr> state;
  for (const RevisionPtr& revision : List(collection)) {
    state[KeyOf(revision->object())] = revision;
  }
  for (auto entry = history.end(); entry != first;) {
    --entry;
    state[entry->key.key] = entry->before;
  }
  std::vector<RevisionPtr> objects;
  for (auto& [key, revision] : state) {
    if (revision) objects.push_back(std::move(revision));
  }
  return objects;
}

RevisionPtr FakeEtcd::GetAt(const StoredKey& key, std::uint64_t version) const {
  const History& history = HistoryOf(key.collection);
  for (auto entry = After(history, version); entry != history.end(); ++entry) {
    if (entry->key == key) return entry->before;
  }
  return Find(key);
}

std::vector<StoredKey> FakeEtcd::Keys() const {
  std::vector<StoredKey> keys;
  for (const auto& [key, stored] : objects_) keys.push_back(key);
  return keys;
}

std::string FakeEtcd::KindOf(const std::string& collection) const {
  const auto found = kinds_.find(collection);
  return found == kinds_.end() ? "" : found->second;
}

RevisionPtr FakeEtcd::Put(const StoredKey& key, Json object, FieldOwners owners) {
  const RevisionPtr before = Find(key);
  Json& metadata = object["metadata"];
  metadata.erase("managedFields");
  if (before) {
    const Json& had = before->object().at("metadata");
    for (const char* kept : {"uid", "creationTimestamp", "generation", "resourceVersion"}) {
      if (had.contains(kept)) metadata[kept] = had[kept];
    }
    if (object == before->object() && owners == before->owners()) return before;
    if (!SameSpec(object, before->object())) {
      metadata["generation"] = IntAt(object, {"metadata", "generation"}) + 1;
    }
  } else {
    char uid[40];
    std::snprintf(uid, sizeof(uid), "00000000-0000-4000-8000-%012llu",
                  static_cast<unsigned long long>(next_uid_++));
    metadata["uid"] = uid;
    metadata["creationTimestamp"] = FormatTime(clock_.WallNow());
    metadata["generation"] = 1;
    kinds_[key.collection] = StringAt(object, {"kind"});
  }
  if (before && metadata.contains("deletionTimestamp") && !HasFinalizers(object)) {
    Erase(key);
    return before;
  }
  metadata["resourceVersion"] = std::to_string(++version_);
  auto after = std::make_shared<const Revision>(std::move(object), std::move(owners));
  objects_.insert_or_assign(key, after);
  Record(key, before, after);
  return after;
}

void FakeEtcd::Erase(const StoredKey& key) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return;
  RevisionPtr before = std::move(found->second);
  objects_.erase(found);
  ++version_;
  Record(key, std::move(before), nullptr);
}

void FakeEtcd::Compact(std::uint64_t version) {
  compacted_ = std::max(compacted_, std::min(version, version_));
  for (auto& [collection, history] : histories_) {
    history.erase(history.begin(), After(history, compacted_));
  }
}

const FakeEtcd::History& FakeEtcd::HistoryOf(const std::string& collection) const {
  static const History none;
  const auto found = histories_.find(collection);
  return found == histories_.end() ? none : found->second;
}

FakeEtcd::History::const_iterator FakeEtcd::After(const History& history, std::uint64_t version) {
  return std::upper_bound(
      history.begin(), history.end(), version,
      [](std::uint64_t wanted, const HistoryEntry& entry) { return wanted < entry.version; });
}

void FakeEtcd::Restore(const Snapshot& snapshot, std::uint64_t bump) {
  objects_ = snapshot.objects;
  version_ = bump > 0 ? std::max(version_, snapshot.version) + bump : snapshot.version;
  compacted_ = version_;
  histories_.clear();
}

void FakeEtcd::Record(const StoredKey& key, RevisionPtr before, RevisionPtr after) {
  histories_[key.collection].push_back({version_, key, std::move(before), std::move(after)});
}

}  // namespace sb::kube
