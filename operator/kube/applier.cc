#include "operator/kube/applier.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "common/hash.h"
#include "operator/kube/client.h"
#include "operator/kube/merge_keys.h"
#include "operator/kube/quantity.h"

namespace sb::kube {
namespace {

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
    if (const MergeKeys* keys = MergeKeysOf(key, desired)) {
      for (const Json& element : desired) {
        const std::string at = path + "[" + Text(*element.find(keys->front())) + "]";
        auto match = std::find_if(live.begin(), live.end(), [&](const Json& other) {
          return SameElement(*keys, element, other);
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

Applier::Applier(const Client& client, ApplierOptions options)
    : client_(client), options_(std::move(options)) {}

Json Applier::Stamped(Json desired) const {
  const std::string hash = HashOf(desired);
  desired["metadata"]["annotations"][options_.hash_annotation] = hash;
  return desired;
}

Expected<Applied> Applier::Apply(const Resource& resource, Json desired, const Json* live) const {
  Applied applied;
  desired = Stamped(std::move(desired));
  if (live) {
    const auto hash = [&](const Json& object) {
      return StringAt(object, {"metadata", "annotations", options_.hash_annotation});
    };
    const bool same_source = hash(*live) == hash(desired);
    // The hash itself is a difference too, but nobody's drift.
    if (same_source && Covers(desired, *live, &applied.drift)) return applied;
    // Server-side apply creates what is not there, unless it is asked for one with a UID.
    desired["metadata"]["uid"] = UidOf(*live);
  }
  auto answer = client_.Apply(resource, desired,
                              {.field_manager = options_.field_manager, .force = options_.force});
  if (!answer) return tl::unexpected(std::move(answer.error()));
  applied.outcome = live ? ApplyOutcome::kApplied : ApplyOutcome::kCreated;
  applied.object = std::move(*answer);
  return applied;
}

std::string HashOf(const Json& object) {
  // nlohmann's objects are sorted maps, so the dump is canonical.
  return Sha256Hex(object.dump(-1, ' ', true, Json::error_handler_t::replace)).substr(0, 16);
}

bool Covers(const Json& desired, const Json& live, std::string* where) {
  const bool secret = StringAt(desired, {"kind"}) == "Secret";
  return Comparison(secret, where).Value(desired, live, "", "", false);
}

}  // namespace sb::kube
