// The memory of the fake API server: objects, one counter of versions, and the history that watches
// replay. Not thread-safe: the server holds its lock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/time.h"
#include "operator/kube/resource.h"
#include "operator/kube/testing/field_ownership.h"

namespace sb::kube {

struct StoredKey {
  std::string collection;  // "apps/deployments": group and plural, whatever the version
  ObjectKey key;
  auto operator<=>(const StoredKey&) const = default;
};

// An object as one write left it. Immutable but for its texts, which are made when first asked for.
class Revision {
 public:
  Revision(Json object, FieldOwners owners)
      : object_(std::move(object)), owners_(std::move(owners)) {}

  const Json& object() const { return object_; }  // without managedFields
  const FieldOwners& owners() const { return owners_; }
  // As clients get it, managedFields included.
  Json Rendered() const;
  // The same as JSON text; `metadata_only`: as PartialObjectMetadata.
  std::string Text(bool metadata_only) const;
  // As an item of a list, which lacks kind and apiVersion unless it is a PartialObjectMetadata.
  const std::string& ItemText(bool metadata_only) const;

 private:
  const Json object_;
  const FieldOwners owners_;
  mutable std::string item_text_, partial_text_;
};
using RevisionPtr = std::shared_ptr<const Revision>;

// Any object as clients get it if they ask for metadata only.
Json AsPartialObject(const Json& object);

// One change: `before` is null for a creation, `after` for a deletion.
struct HistoryEntry {
  std::uint64_t version;
  StoredKey key;
  RevisionPtr before;
  RevisionPtr after;
};

class FakeEtcd {
 public:
  using History = std::deque<HistoryEntry>;
  // Everything but the history, as a backup has it.
  struct Snapshot {
    std::map<StoredKey, RevisionPtr> objects;
    std::uint64_t version = 0;
  };

  explicit FakeEtcd(const Clock& clock) : clock_(clock) {}

  // The object as it is now, or null.
  RevisionPtr Find(const StoredKey& key) const;
  // Objects of a collection, in the order of their keys, as of now or of an earlier version.
  std::vector<RevisionPtr> List(const std::string& collection) const;
  std::vector<RevisionPtr> ListAt(const std::string& collection, std::uint64_t version) const;
  RevisionPtr GetAt(const StoredKey& key, std::uint64_t version) const;
  std::vector<StoredKey> Keys() const;
  // The kind of the objects of a collection; "" before the first.
  std::string KindOf(const std::string& collection) const;

  // Writes what differs: fills in uid, creationTimestamp, generation and the new version; nothing
  // happens, not even to the version, if neither object nor owners change. An object that is being
  // deleted and has no finalizers left is removed. Returns the object as stored (or as it was
  // last).
  RevisionPtr Put(const StoredKey& key, Json object, FieldOwners owners);
  // Removes at once, whatever the finalizers.
  void Erase(const StoredKey& key);

  // The counter moves on without a change.
  void Skip(std::uint64_t count) { version_ += count; }

  std::uint64_t version() const { return version_; }
  // History before this is gone.
  std::uint64_t compacted() const { return compacted_; }
  void Compact(std::uint64_t version);
  // The changes of one collection, oldest first.
  const History& HistoryOf(const std::string& collection) const;
  // The first of them after `version`.
  static History::const_iterator After(const History& history, std::uint64_t version);

  Snapshot TakeSnapshot() const { return {objects_, version_}; }
  // Objects and version as in the snapshot; no history. `bump` > 0: the version moves on by that
  // much from where it was instead, and everything before counts as compacted.
  void Restore(const Snapshot& snapshot, std::uint64_t bump);

 private:
  void Record(const StoredKey& key, RevisionPtr before, RevisionPtr after);

  const Clock& clock_;
  std::map<StoredKey, RevisionPtr> objects_;
  std::map<std::string, History> histories_;
  std::map<std::string, std::string> kinds_;
  std::uint64_t version_ = 1;
  std::uint64_t compacted_ = 0;
  std::uint64_t next_uid_ = 1;
};

}  // namespace sb::kube
