// A cache of one kind's objects: one writer (its informer), any number of readers.
//
//   std::shared_ptr<const Json> deployment = store.Get({"default", "todo-api"});
//   for (const auto& child : store.ByIndex("default/todo")) …
//
// Objects are immutable and shared: what a reader holds never changes, even when the store has
// moved on. The cache is eventually consistent; NoteWritten makes one's own writes visible at once.
// Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/json.h"
#include "operator/kube/resource.h"

namespace sb::kube {

using ObjectPtr = std::shared_ptr<const Json>;

// Changes an object before it is stored; what nobody reads should not be kept.
using Projection = std::function<void(Json& object)>;
// Drops metadata.managedFields and the annotation kubectl.kubernetes.io/last-applied-configuration.
void DropNoise(Json& object);

// The value under which ByIndex finds an object; "" leaves it out.
using IndexFunction = std::function<std::string(const Json& object)>;
// "namespace/value" of the label `name`; "" without it.
IndexFunction IndexByLabel(std::string name);

class Store {
 public:
  explicit Store(IndexFunction index = nullptr);

  // The object, or null.
  ObjectPtr Get(const ObjectKey& key) const;
  // All of one namespace, or of all, in no particular order.
  std::vector<ObjectPtr> List(std::string_view namespace_ = "") const;
  std::vector<ObjectPtr> ByIndex(const std::string& value) const;
  std::size_t size() const;
  // The first list has arrived.
  bool Synced() const;
  // The version up to which every change is in the cache: of the last list or event.
  std::string ResourceVersion() const;

 private:
  friend class StoreWriter;

  struct Entry {
    ObjectPtr object;
    std::string resource_version;
    std::string index;
    bool unannounced = false;  // put in by NoteWritten; no event has reported it yet
  };

  void LockedPut(const ObjectKey& key, Entry entry);
  void LockedErase(const ObjectKey& key);

  const IndexFunction index_;
  mutable std::shared_mutex entries_mutex_;
  std::unordered_map<ObjectKey, Entry> entries_;
  std::unordered_map<std::string, std::unordered_set<ObjectKey>> by_index_;
  std::string resource_version_;
  bool synced_ = false;
};

// One difference that a write made: `old` is null for a new object, `now` for a deleted one. If
// their UIDs differ, the object was deleted and made again in between.
struct Change {
  ObjectKey key;
  ObjectPtr old;
  ObjectPtr now;
};

// The writing side; its owner (an informer) is the only one to have it. One thread, but for
// NoteWritten.
class StoreWriter {
 public:
  StoreWriter(Store& store, Projection projection);

  // A list, page by page: Stage each object, then Commit makes them the whole content in one step.
  // Returns what changed, deletes of keys that vanished included; objects whose version is
  // unchanged are not in it.
  void Stage(Json object);
  void DropStaged();
  std::vector<Change> Commit(const std::string& resource_version);

  // One watch event. An event older than what is held (a write of ours came first) changes nothing.
  std::vector<Change> Upsert(Json object);
  std::vector<Change> Remove(const Json& object);
  // A bookmark.
  void Advance(const std::string& resource_version);

  // Puts the answer of a write into the cache, unless the cache is already past it. Any thread.
  void NoteWritten(Json object);

 private:
  Store::Entry MakeEntry(Json object) const;
  static bool IsOlderThanOurs(const Store::Entry& held, const std::string& version);

  Store& store_;
  const Projection projection_;
  std::unordered_map<ObjectKey, Store::Entry> staged_;
};

}  // namespace sb::kube
