#include "operator/kube/merge_keys.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sb::kube {
namespace {

// A list that occurs twice has two shapes: container ports and service ports.
const std::vector<std::pair<std::string_view, MergeKeys>>& MergedLists() {
  static const std::vector<std::pair<std::string_view, MergeKeys>> kLists = {
      {"containers", {"name"}},
      {"initContainers", {"name"}},
      {"volumes", {"name"}},
      {"env", {"name"}},
      {"imagePullSecrets", {"name"}},
      {"volumeMounts", {"mountPath"}},
      {"ports", {"containerPort", "protocol"}},
      {"ports", {"port", "protocol"}},
      {"conditions", {"type"}},
      {"ownerReferences", {"uid"}},
      {"hostAliases", {"ip"}},
      {"topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"}},
  };
  return kLists;
}

}  // namespace

const MergeKeys* MergeKeysOf(std::string_view list, const Json& elements) {
  if (!elements.is_array() || elements.empty()) return nullptr;
  for (const auto& entry : MergedLists()) {
    if (entry.first != list) continue;
    const MergeKeys& keys = entry.second;  // clang 14 captures no structured bindings
    std::set<Json> seen;
    const bool named = std::all_of(elements.begin(), elements.end(), [&](const Json& element) {
      return element.is_object() && element.contains(keys.front()) &&
             seen.insert(ElementKey(keys, element)).second;
    });
    if (named) return &keys;
  }
  return nullptr;
}

bool SameElement(const MergeKeys& keys, const Json& wanted, const Json& other) {
  if (!other.is_object()) return false;
  return std::all_of(keys.begin(), keys.end(), [&](std::string_view key) {
    auto want = wanted.find(key);
    if (want == wanted.end()) return true;
    auto have = other.find(key);
    return have == other.end() ? key != keys.front() : *have == *want;
  });
}

Json ElementKey(const MergeKeys& keys, const Json& element) {
  Json key = Json::object();
  for (std::string_view name : keys) {
    if (auto found = element.find(name); found != element.end()) key[std::string(name)] = *found;
  }
  return key;
}

}  // namespace sb::kube
