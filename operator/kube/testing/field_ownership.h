// Server-side apply for the fake API server: merging, and who owns which field.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/json.h"

namespace sb::kube {

// A field: segments as in FieldsV1, "f:spec", "k:{\"name\":\"app\"}", and "." for an element of a
// merged list itself.
using FieldPath = std::vector<std::string>;

// Every leaf of an object with its value: scalars, lists that are not merged, empty maps. What
// names the object (apiVersion, kind, metadata.name …) belongs to nobody and is left out.
std::map<FieldPath, Json> LeavesOf(const Json& object);

// Everything of `applied` put over `live`.
Json Merged(const Json& live, const Json& applied);

struct FieldConflict {
  std::string field;    // ".spec.replicas"
  std::string manager;  // who has it
};

class FieldOwners {
 public:
  struct Manager {
    std::string name;
    std::string operation;  // "Apply" or "Update"
    std::string subresource;
    auto operator<=>(const Manager&) const = default;
  };

  // Server-side apply of `applied` over `live` by `manager`: the new object, or why not. Ownership
  // is changed only if there are no conflicts (or `force`).
  std::vector<FieldConflict> Apply(const Manager& manager, const Json& live, const Json& applied,
                                   bool force, Json& result);
  // A write of the whole object: what it changes it owns.
  void Update(const Manager& manager, const Json& before, const Json& after);

  // metadata.managedFields.
  Json ManagedFields(const std::string& api_version) const;
  // The other way round: what a client wrote there.
  static FieldOwners From(const Json& managed_fields);

  bool operator==(const FieldOwners&) const = default;

 private:
  std::map<Manager, std::set<FieldPath>> owned_;
};

}  // namespace sb::kube
