#include "operator/kube/owner_reference.h"

#include <algorithm>

namespace sb::kube {
namespace {

const Json& OwnersOf(const Json& object) {
  static const Json kNone = Json::array();
  const Json* owners = Find(object, {"metadata", "ownerReferences"});
  return owners && owners->is_array() ? *owners : kNone;
}

// "apps" of "apps/v1", "" of "v1".
std::string GroupOf(const std::string& api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string::npos ? "" : api_version.substr(0, slash);
}

bool IsOfKind(const Json& reference, const Resource& kind) {
  return StringAt(reference, {"kind"}) == kind.kind &&
         GroupOf(StringAt(reference, {"apiVersion"})) == kind.group;
}

std::string Name(const Resource& kind, const Json& object) {
  return kind.kind + " " + KeyOf(object).ToString();
}

}  // namespace

const Json* ControllerOf(const Json& object) {
  for (const Json& owner : OwnersOf(object)) {
    if (BoolAt(owner, {"controller"})) return &owner;
  }
  return nullptr;
}

std::optional<ObjectKey> OwnerKey(const Json& object, const Resource& owner_kind) {
  const Json* controller = ControllerOf(object);
  if (!controller || !IsOfKind(*controller, owner_kind)) return std::nullopt;
  // An owner in a namespace is in that of what it owns.
  return ObjectKey{owner_kind.namespaced ? KeyOf(object).namespace_ : "",
                   StringAt(*controller, {"name"})};
}

bool IsOwnedBy(const Json& object, std::string_view uid) {
  const Json& owners = OwnersOf(object);
  return !uid.empty() && std::any_of(owners.begin(), owners.end(), [&](const Json& owner) {
    return StringAt(owner, {"uid"}) == uid;
  });
}

Expected<void> SetController(const Json& owner, const Resource& owner_kind, Json& object,
                             const Resource& object_kind) {
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return Fail(code, Name(object_kind, object) + ": cannot be owned by " +
                          Name(owner_kind, owner) + ": " + why);
  };
  const ObjectKey key = KeyOf(owner);
  const std::string uid = UidOf(owner);
  if (uid.empty() || key.name.empty()) {
    return refuse(ErrorCode::kInvalidArgument,
                  "the owner has no UID or name; use it as the server returned it");
  }
  if (owner_kind.namespaced) {
    if (!object_kind.namespaced) {
      return refuse(ErrorCode::kInvalidArgument,
                    "the owner is in a namespace and the object is in none; label it instead");
    }
    if (key.namespace_ != KeyOf(object).namespace_) {
      return refuse(ErrorCode::kInvalidArgument, "they are in different namespaces");
    }
  }
  const auto is_entry_of_owner = [&](const Json& entry) {
    return StringAt(entry, {"uid"}) == uid ||
           (IsOfKind(entry, owner_kind) && StringAt(entry, {"name"}) == key.name);
  };
  const Json* controller = ControllerOf(object);
  if (controller && !is_entry_of_owner(*controller)) {
    return refuse(ErrorCode::kAlreadyExists,
                  "its controller is " + StringAt(*controller, {"kind"}) + " " +
                      StringAt(*controller, {"name"}) + "; delete or rename one of the two");
  }
  const Json entry{{"apiVersion", owner_kind.ApiVersion()},
                   {"kind", owner_kind.kind},
                   {"name", key.name},
                   {"uid", uid},
                   {"controller", true},
                   {"blockOwnerDeletion", true}};
  Json owners = OwnersOf(object);
  auto place = std::find_if(owners.begin(), owners.end(), is_entry_of_owner);
  if (place == owners.end()) {
    owners.push_back(entry);
  } else {
    *place = entry;
  }
  object["metadata"]["ownerReferences"] = std::move(owners);
  return {};
}

}  // namespace sb::kube
