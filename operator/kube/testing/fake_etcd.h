// The memory of the fake API server: objects, one counter of versions, and the history that watches
// replay. Not thread-safe: the server holds its lock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
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

struct StoredObject {
  std::shared_ptr<const Json> object;  // without managedFields
  FieldOwners owners;
};

// One change: `before` is null for a creation, `after` for a deletion (then `before` carries the
// deletion's version).
struct HistoryEntry {
  std::uint64_t version;
  StoredKey key;
  std::shared_ptr<const Json> before;
  std::shared_ptr<const Json> after;
};

class FakeEtcd {
 public:
  explicit FakeEtcd(const Clock& clock) : clock_(clock) {}

  const StoredObject* Find(const StoredKey& key) const;
  // Objects of a collection, in the order of their keys, as of now or of an earlier version.
  std::vector<std::shared_ptr<const Json>> List(const std::string& collection) const;
  std::vector<std::shared_ptr<const Json>> ListAt(const std::string& collection,
                                                  std::uint64_t version) const;
  std::shared_ptr<const Json> GetAt(const StoredKey& key, std::uint64_t version) const;
  std::vector<StoredKey> Keys() const;

  // Writes what differs: fills in uid, creationTimestamp, generation and the new version; nothing
  // happens, not even to the version, if neither object nor owners change. An object that is being
  // deleted and has no finalizers left is removed. Returns the object as stored (or as it was
  // last).
  std::shared_ptr<const Json> Put(const StoredKey& key, Json object, FieldOwners owners);
  // Removes at once, whatever the finalizers.
  void Erase(const StoredKey& key);

  std::uint64_t version() const { return version_; }
  // History before this is gone.
  std::uint64_t compacted() const { return compacted_; }
  void Compact();
  const std::deque<HistoryEntry>& history() const { return history_; }

 private:
  void Record(const StoredKey& key, std::shared_ptr<const Json> before,
              std::shared_ptr<const Json> after);

  const Clock& clock_;
  std::map<StoredKey, StoredObject> objects_;
  std::deque<HistoryEntry> history_;
  std::uint64_t version_ = 1;
  std::uint64_t compacted_ = 0;
  std::uint64_t next_uid_ = 1;
};

}  // namespace sb::kube
