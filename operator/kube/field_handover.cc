#include "operator/kube/field_handover.h"

#include <algorithm>
#include <utility>

namespace sb::kube {
namespace {

constexpr int kTries = 5;

const Json& ManagedFieldsOf(const Json& object) {
  static const Json kNone = Json::array();
  const Json* managed = Find(object, {"metadata", "managedFields"});
  return managed && managed->is_array() ? *managed : kNone;
}

bool IsEntryOf(const Json& entry, const FieldManager& manager) {
  return StringAt(entry, {"manager"}) == manager.name &&
         StringAt(entry, {"operation"}) == manager.operation &&
         StringAt(entry, {"subresource"}).empty();
}

bool IsEntryOfAny(const Json& entry, const std::vector<FieldManager>& managers) {
  return std::any_of(managers.begin(), managers.end(),
                     [&](const FieldManager& manager) { return IsEntryOf(entry, manager); });
}

const Json& FieldsOf(const Json& entry) {
  static const Json kNone = Json::object();
  const Json* fields = Find(entry, {"fieldsV1"});
  return fields && fields->is_object() ? *fields : kNone;
}

// Below the root an empty tree says "this field"; with anything below it, "." says that.
Json UnionBelow(const Json& a, const Json& b) {
  if (a.empty() && b.empty()) return a;
  Json both = a;
  if (a.empty() || b.empty()) both["."] = Json::object();
  for (const auto& [segment, below] : b.items()) {
    auto found = both.find(segment);
    both[segment] = found == both.end() ? below : UnionBelow(*found, below);
  }
  return both;
}

}  // namespace

Json UnionOfFields(const Json& a, const Json& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return UnionBelow(a, b);
}

std::optional<Json> HandOverPatch(const Json& object, const std::vector<FieldManager>& from,
                                  const std::string& to) {
  const Json& managed = ManagedFieldsOf(object);
  const FieldManager target{to, "Apply"};
  // A manager that hands over to itself has nothing to hand over.
  const auto gives = [&](const Json& entry) {
    return IsEntryOfAny(entry, from) && !IsEntryOf(entry, target);
  };
  const auto first = std::find_if(managed.begin(), managed.end(), gives);
  if (first == managed.end()) return std::nullopt;
  const auto present = std::find_if(managed.begin(), managed.end(),
                                    [&](const Json& entry) { return IsEntryOf(entry, target); });

  Json owner = present != managed.end() ? *present : *first;
  owner["manager"] = target.name;
  owner["operation"] = target.operation;
  Json kept = Json::array();
  bool moved = present == managed.end();
  for (const Json& entry : managed) {
    if (IsEntryOf(entry, target)) continue;
    if (!gives(entry) || StringAt(entry, {"apiVersion"}) != StringAt(owner, {"apiVersion"})) {
      kept.push_back(entry);
      continue;
    }
    owner["fieldsV1"] = UnionOfFields(FieldsOf(owner), FieldsOf(entry));
    moved = true;
  }
  if (!moved) return std::nullopt;
  kept.push_back(std::move(owner));
  return Json::array({{{"op", "replace"},
                       {"path", "/metadata/resourceVersion"},
                       {"value", ResourceVersionOf(object)}},
                      {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", kept}}});
}

Expected<Json> HandOver(const Client& client, const Resource& resource, const Json& object,
                        const std::vector<FieldManager>& from, const std::string& to) {
  Json now = object;
  for (int attempt = 1;; ++attempt) {
    const auto patch = HandOverPatch(now, from, to);
    if (!patch) return now;
    auto patched = client.JsonPatch(resource, KeyOf(now), *patch, {.field_manager = to});
    if (patched || patched.error().code != ErrorCode::kConflict || attempt == kTries) {
      return patched;
    }
    auto again = client.Get(resource, KeyOf(now));
    if (!again) return again;
    now = std::move(*again);
  }
}

}  // namespace sb::kube
