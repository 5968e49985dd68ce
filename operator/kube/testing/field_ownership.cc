#include "operator/kube/testing/field_ownership.h"

#include <algorithm>
#include <utility>

#include "operator/kube/merge_keys.h"

namespace sb::kube {
namespace {

constexpr const char* kUnowned[] = {"name",
                                    "namespace",
                                    "uid",
                                    "resourceVersion",
                                    "generation",
                                    "selfLink",
                                    "managedFields",
                                    "creationTimestamp",
                                    "deletionTimestamp"};

bool IsUnowned(const FieldPath& path) {
  if (path.size() == 1) return path[0] == "f:apiVersion" || path[0] == "f:kind";
  if (path.size() != 2 || path[0] != "f:metadata") return false;
  return std::any_of(std::begin(kUnowned), std::end(kUnowned),
                     [&](const char* name) { return path[1] == std::string("f:") + name; });
}

void Collect(const Json& value, std::string_view name, FieldPath& path,
             std::map<FieldPath, Json>& leaves) {
  if (IsUnowned(path)) return;
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, child] : value.items()) {
      path.push_back("f:" + key);
      Collect(child, key, path, leaves);
      path.pop_back();
    }
    return;
  }
  const MergeKeys* keys = MergeKeysOf(name, value);
  if (!keys) {
    if (!path.empty()) leaves.emplace(path, value);
    return;
  }
  for (const Json& element : value) {
    path.push_back("k:" + ElementKey(*keys, element).dump());
    path.push_back(".");
    leaves.emplace(path, nullptr);
    path.pop_back();
    Collect(element, "", path, leaves);
    path.pop_back();
  }
}

Json MergedValue(const Json& live, const Json& applied, std::string_view name) {
  if (applied.is_object() && live.is_object()) {
    Json merged = live;
    for (const auto& [key, value] : applied.items()) {
      auto found = live.find(key);
      merged[key] = found == live.end() ? value : MergedValue(*found, value, key);
    }
    return merged;
  }
  const MergeKeys* keys = MergeKeysOf(name, applied);
  if (!keys || !live.is_array()) return applied;
  Json merged = live;
  for (const Json& element : applied) {
    auto match = std::find_if(merged.begin(), merged.end(), [&](const Json& other) {
      return SameElement(*keys, element, other);
    });
    if (match == merged.end()) {
      merged.push_back(element);
    } else {
      *match = MergedValue(*match, element, "");
    }
  }
  return merged;
}

bool SameKey(const Json& key, const Json& element) {
  for (const auto& [name, value] : key.items()) {
    if (!element.contains(name) || element[name] != value) return false;
  }
  return true;
}

// Removes the field at `path`, and maps above it that become empty.
void RemoveAt(Json& at, const FieldPath& path, std::size_t depth) {
  const std::string& segment = path[depth];
  if (segment.starts_with("f:") && at.is_object()) {
    auto found = at.find(segment.substr(2));
    if (found == at.end()) return;
    if (depth + 1 < path.size()) {
      RemoveAt(*found, path, depth + 1);
      if (!found->is_structured() || !found->empty()) return;
    }
    at.erase(found);
  } else if (segment.starts_with("k:") && at.is_array()) {
    const Json key = Json::parse(segment.substr(2));
    for (auto element = at.begin(); element != at.end(); ++element) {
      if (!SameKey(key, *element)) continue;
      if (path[depth + 1] == ".") {
        at.erase(element);
      } else {
        RemoveAt(*element, path, depth + 1);
      }
      return;
    }
  }
}

// The paths of a FieldsV1 tree.
void Paths(const Json& fields, FieldPath& path, std::set<FieldPath>& paths) {
  if (fields.empty() && !path.empty()) paths.insert(path);
  for (const auto& [segment, below] : fields.items()) {
    const bool element = !path.empty() && path.back().starts_with("k:");
    if (segment == "." && !element) {
      paths.insert(path);  // the map itself
      continue;
    }
    path.push_back(segment);
    Paths(below, path, paths);
    path.pop_back();
  }
}

std::string Text(const FieldPath& path) {
  std::string text;
  for (const std::string& segment : path) {
    if (segment == ".") continue;
    text += segment.starts_with("f:") ? "." + segment.substr(2) : "[" + segment.substr(2) + "]";
  }
  return text;
}

}  // namespace

std::map<FieldPath, Json> LeavesOf(const Json& object) {
  std::map<FieldPath, Json> leaves;
  FieldPath path;
  Collect(object, "", path, leaves);
  return leaves;
}

Json Merged(const Json& live, const Json& applied) { return MergedValue(live, applied, ""); }

std::vector<FieldConflict> FieldOwners::Apply(const Manager& manager, const Json& live,
                                              const Json& applied, bool force, Json& result) {
  const auto before = LeavesOf(live);
  const auto wanted = LeavesOf(applied);
  std::vector<FieldConflict> conflicts;
  auto owned = owned_;
  for (const auto& [path, value] : wanted) {
    auto had = before.find(path);
    if (had == before.end() || had->second == value) continue;
    for (auto& [other, paths] : owned) {
      if (other == manager || !paths.contains(path)) continue;
      if (!force) conflicts.push_back({Text(path), other.name});
      paths.erase(path);
    }
  }
  if (!conflicts.empty()) return conflicts;
  result = Merged(live, applied);
  std::set<FieldPath>& mine = owned[manager];
  for (const FieldPath& path : mine) {
    if (wanted.contains(path)) continue;
    const bool shared = std::any_of(owned.begin(), owned.end(), [&](const auto& other) {
      return other.first != manager && other.second.contains(path);
    });
    if (!shared) RemoveAt(result, path, 0);
  }
  mine.clear();
  for (const auto& [path, value] : wanted) mine.insert(path);
  std::erase_if(owned, [](const auto& entry) { return entry.second.empty(); });
  owned_ = std::move(owned);
  return {};
}

void FieldOwners::Update(const Manager& manager, const Json& before, const Json& after) {
  const auto old = LeavesOf(before);
  const auto now = LeavesOf(after);
  for (const auto& [path, value] : old) {
    if (now.contains(path)) continue;
    for (auto& [other, paths] : owned_) paths.erase(path);
  }
  for (const auto& [path, value] : now) {
    auto had = old.find(path);
    if (had != old.end() && had->second == value) continue;
    for (auto& [other, paths] : owned_) paths.erase(path);
    owned_[manager].insert(path);
  }
  std::erase_if(owned_, [](const auto& entry) { return entry.second.empty(); });
}

FieldOwners FieldOwners::From(const Json& managed_fields) {
  FieldOwners owners;
  for (const Json& entry : managed_fields) {
    FieldPath path;
    std::set<FieldPath> paths;
    const Json* fields = Find(entry, {"fieldsV1"});
    if (fields && fields->is_object()) Paths(*fields, path, paths);
    if (paths.empty()) continue;
    owners
        .owned_[{StringAt(entry, {"manager"}), StringAt(entry, {"operation"}),
                 StringAt(entry, {"subresource"})}]
        .merge(paths);
  }
  return owners;
}

Json FieldOwners::ManagedFields(const std::string& api_version) const {
  Json managed = Json::array();
  for (const auto& [manager, paths] : owned_) {
    Json fields = Json::object();
    for (const FieldPath& path : paths) {
      Json* at = &fields;
      for (const std::string& segment : path) at = &(*at)[segment];
      if (at->is_null()) *at = Json::object();
    }
    Json entry{{"manager", manager.name},
               {"operation", manager.operation},
               {"apiVersion", api_version},
               {"fieldsType", "FieldsV1"},
               {"fieldsV1", std::move(fields)}};
    if (!manager.subresource.empty()) entry["subresource"] = manager.subresource;
    managed.push_back(std::move(entry));
  }
  return managed;
}

}  // namespace sb::kube
