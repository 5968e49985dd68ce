#include "operator/kube/applier.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>
#include <vector>

#include "common/hash.h"
#include "operator/kube/quantity.h"

namespace sb::kube {
namespace {

// Lists that server-side apply merges, by the fields that name an element
// (x-kubernetes-list-map-keys of the built-in types). Two entries of one name: the first whose keys
// the elements have.
struct MergeKeys {
  std::string_view list;
  std::vector<std::string_view> keys;
};
const std::vector<MergeKeys>& MergeLists() {
  static const std::vector<MergeKeys> kLists = {
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

// Under these the API server rewrites quantities to their canonical form.
bool HoldsQuantities(std::string_view key) {
  for (std::string_view name : {"resources", "limits", "requests", "capacity", "sizeLimit",
                                "divisor", "averageValue", "storage"}) {
    if (key == name) return true;
  }
  return false;
}

// What the server leaves out of its answer because Go's zero value means "not set".
bool IsZero(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_structured()) return value.empty();
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (value.is_boolean()) return !value.get<bool>();
  return value.is_number() && value == 0;
}

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

class Comparison {
 public:
  Comparison(bool secret, std::string* where) : secret_(secret), where_(where) {}

  bool Value(const Json& desired, const Json& live, const std::string& path, std::string_view key,
             bool quantities) {
    if (desired.is_null()) return true;
    if (desired.is_object()) return Object(desired, live, path, quantities);
    if (desired.is_array()) return Array(desired, live, path, key, quantities);
    if (desired == live) return true;
    if (quantities && (live.is_string() || live.is_number()) &&
        SameQuantity(Text(desired), Text(live))) {
      return true;
    }
    return Differs(path, desired, &live);
  }

 private:
  bool Object(const Json& desired, const Json& live, const std::string& path, bool quantities) {
    if (!live.is_object())
      return desired.empty() && live.is_null() ? true : Differs(path, desired, &live);
    for (const auto& [key, value] : desired.items()) {
      const std::string at = path.empty() ? key : path + "." + key;
      auto found = live.find(key);
      if (found == live.end()) {
        if (IsNothing(value)) continue;
        return Differs(at, value, nullptr);
      }
      if (!Value(value, *found, at, key, quantities || HoldsQuantities(key))) return false;
    }
    return true;
  }

  // Asks for nothing, all the way down: the server may leave it out.
  static bool IsNothing(const Json& value) {
    if (!value.is_object()) return IsZero(value);
    return std::all_of(value.begin(), value.end(),
                       [](const Json& child) { return IsNothing(child); });
  }

  bool Array(const Json& desired, const Json& live, const std::string& path, std::string_view key,
             bool quantities) {
    if (!live.is_array()) return Differs(path, desired, &live);
    if (const MergeKeys* merge = MergeKeysOf(desired, key)) {
      for (const Json& element : desired) {
        const std::string at = path + "[" + NameOf(element, *merge) + "]";
        auto match = std::find_if(live.begin(), live.end(), [&](const Json& other) {
          return SameName(element, other, *merge);
        });
        if (match == live.end()) return Differs(at, element, nullptr);
        if (!Value(element, *match, at, "", quantities)) return false;
      }
      return true;
    }
    if (desired.size() != live.size()) return Differs(path, desired, &live);
    for (std::size_t i = 0; i < desired.size(); ++i) {
      if (!Value(desired[i], live[i], path + "[" + std::to_string(i) + "]", "", quantities))
        return false;
    }
    return true;
  }

  // The keys that name each element of `desired` apart; none if it is no merged list.
  static const MergeKeys* MergeKeysOf(const Json& desired, std::string_view list) {
    for (const MergeKeys& merge : MergeLists()) {
      if (merge.list != list) continue;
      std::set<std::string> names;
      const bool named = std::all_of(desired.begin(), desired.end(), [&](const Json& element) {
        return element.is_object() && element.contains(merge.keys.front()) &&
               names.insert(NameOf(element, merge)).second;
      });
      if (named) return &merge;
    }
    return nullptr;
  }

  static std::string NameOf(const Json& element, const MergeKeys& merge) {
    std::string name;
    for (std::string_view key : merge.keys) {
      auto found = element.find(key);
      if (found == element.end()) continue;
      name += (name.empty() ? "" : "/") + Text(*found);
    }
    return name;
  }

  static bool SameName(const Json& desired, const Json& live, const MergeKeys& merge) {
    if (!live.is_object()) return false;
    return std::all_of(merge.keys.begin(), merge.keys.end(), [&](std::string_view key) {
      auto wanted = desired.find(key);
      if (wanted == desired.end()) return true;  // the server fills in the default: protocol TCP
      auto found = live.find(key);
      return found != live.end() && *found == *wanted;
    });
  }

  bool Differs(const std::string& path, const Json& desired, const Json* live) {
    if (!where_) return false;
    if (secret_ && (path.starts_with("data") || path.starts_with("stringData"))) {
      *where_ = path + ": differs";
    } else {
      *where_ = path + ": want " + Short(desired) + ", have " + (live ? Short(*live) : "nothing");
    }
    return false;
  }

  static std::string Short(const Json& value) {
    constexpr std::size_t kLimit = 80;
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() <= kLimit ? text : text.substr(0, kLimit) + "…";
  }

  const bool secret_;
  std::string* const where_;
};

}  // namespace

std::string HashOf(const Json& object) {
  // nlohmann's objects are sorted maps, so the dump is canonical.
  return Sha256Hex(object.dump(-1, ' ', true, Json::error_handler_t::replace)).substr(0, 16);
}

bool Covers(const Json& desired, const Json& live, std::string* where) {
  const bool secret = StringAt(desired, {"kind"}) == "Secret";
  return Comparison(secret, where).Value(desired, live, "", "", false);
}

}  // namespace sb::kube
