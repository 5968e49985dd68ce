// A cache of one kind's objects: one writer (its informer), any number of readers.
//
//   ObjectPtr deployment = store.Get({"default", "todo-api"});
//   for (const ObjectPtr& child : store.ByIndex("backend", "default/todo")) …
//
// Objects are immutable and shared: what a reader holds never changes, even when the store has
// moved on. The cache is eventually consistent. Two ways to read one's own writes: NoteWritten
// makes the server's answer visible at once; HasReached tells whether the cache has got as far as a
// write. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "operator/kube/object.h"
#include "operator/kube/resource.h"

namespace sb::kube {

// The values under which ByIndex finds an object; none leaves it out.
using IndexFunction = std::function<std::vector<std::string>(const Object& object)>;
// "namespace/value" of the label `name`.
IndexFunction IndexByLabel(std::string name);

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The object, or null.
  ObjectPtr Get(const ObjectKey& key) const;
  // All of one namespace, or of all, in no particular order.
  std::vector<ObjectPtr> List(std::string_view namespace_ = "") const;
  std::size_t size() const;

  // Adds an index; what is in the store already is indexed at once. The name must be new.
  void AddIndex(const std::string& name, IndexFunction function);
  // Nothing if there is no such index or value.
  std::vector<ObjectPtr> ByIndex(std::string_view index, std::string_view value) const;

  // The first list has arrived.
  bool Synced() const;
  // The version up to which every change is in the cache: of the last list, event or bookmark.
  std::string ResourceVersion() const;
  // Every change up to `resource_version` is in the cache. Versions without an order count as
  // reached only if equal.
  bool HasReached(std::string_view resource_version) const;

 private:
  friend class StoreWriter;

  struct Entry {
    ObjectPtr object;
    mutable bool unannounced = false;  // put in by NoteWritten; no event has reported it yet
  };
  // An object is found by its own namespace and name, so no key is stored beside it.
  struct Name {
    std::string_view namespace_, name;
  };
  static Name NameOf(const Object& object) { return {object.namespace_(), object.name()}; }
  static Name NameOf(const ObjectKey& key) { return {key.namespace_, key.name}; }
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const;
    std::size_t operator()(const Entry& entry) const { return (*this)(NameOf(*entry.object)); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return Same(NameOf(*a.object), b); }
    bool operator()(const Name& a, const Entry& b) const { return Same(a, b); }
    bool operator()(const Entry& a, const Name& b) const { return Same(b, a); }
    static bool Same(const Name& a, const Entry& b) {
      return a.name == b.object->name() && a.namespace_ == b.object->namespace_();
    }
  };
  using Entries = std::unordered_set<Entry, Hash, Equal>;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // The objects of one value, in the order of their addresses.
  using Bucket = std::vector<ObjectPtr>;
  struct Index {
    IndexFunction function;
    std::unordered_map<std::string, Bucket, TextHash, std::equal_to<>> buckets;

    void Add(const ObjectPtr& object);
    void Remove(const ObjectPtr& object);
  };

  void LockedPut(ObjectPtr object, bool unannounced);
  void LockedErase(Entries::iterator entry);

  mutable std::shared_mutex entries_mutex_;
  Entries entries_;
  std::map<std::string, Index, std::less<>> indexes_;
  std::string resource_version_;
  bool synced_ = false;
};

// One difference that a write made: `old` is null for a new object, `now` for a deleted one. If
// their UIDs differ, the object was deleted and made again in between.
struct Change {
  ObjectPtr old;
  ObjectPtr now;

  const Object& object() const { return now ? *now : *old; }
};

// The writing side; its owner (an informer) is the only one to have it. One thread, but for
// NoteWritten.
class StoreWriter {
 public:
  explicit StoreWriter(Store& store) : store_(store) {}

  // A list, item by item: for each, StageHeld or else Stage, then Commit makes them the whole
  // content in one step. What the store has in that version already is kept, so that listing again
  // takes next to no memory.
  //
  // True: the store holds this very version, which is staged; the item need not be built.
  bool StageHeld(std::string_view namespace_, std::string_view name,
                 std::string_view resource_version);
  // The later of two with one name wins.
  void Stage(ObjectPtr object);
  void Unstage(const Object& object);
  void DropStaged();
  // Returns what changed, deletes of keys that vanished included; objects whose version is
  // unchanged are not in it.
  std::vector<Change> Commit(std::string_view resource_version);

  // One watch event. An event older than what is held (a write of ours came first) changes nothing.
  std::vector<Change> Upsert(ObjectPtr object);
  // `object` is the deleted object's last state; its version is that of the deletion.
  std::vector<Change> Remove(const Object& object);
  // A bookmark.
  void Advance(std::string_view resource_version);

  // Puts the answer of a write into the cache, unless the cache is already past it. Any thread.
  void NoteWritten(ObjectPtr object);

 private:
  static bool IsOlderThanOurs(const Store::Entry& held, std::string_view version);

  Store& store_;
  Store::Entries staged_;
};

}  // namespace sb::kube
