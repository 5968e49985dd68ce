// Owner references: who an object belongs to, so that the garbage collector deletes it with its
// owner, and so that an event of the object finds the owner's key.
//
//   auto set = SetController(backend, Backends(), deployment, Deployments());
//   …
//   if (auto key = OwnerKey(*deployment, Backends())) queue.Add(*key);
//
// Pure: nothing is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/resource.h"

namespace sb::kube {

// Makes `owner` the one controller of `object`: adds or corrects its entry in
// metadata.ownerReferences, with controller and blockOwnerDeletion, and leaves the entries of other
// owners. An entry of an earlier object of the owner's name (another UID) is replaced. Errors, with
// `object` unchanged:
//   kAlreadyExists    another object is its controller; the message names it
//   kInvalidArgument  the owner has no UID or name (it was not read from the server); or it is in a
//                     namespace and the object in another one or in none, which would make the
//                     garbage collector delete the object
Expected<void> SetController(const Json& owner, const Resource& owner_kind, Json& object,
                             const Resource& object_kind);

// The entry of the object's controller, or nullptr.
const Json* ControllerOf(const Json& object);

// The key of the object's controller if that is of this kind (group and kind; any version).
std::optional<ObjectKey> OwnerKey(const Json& object, const Resource& owner_kind);

// Whether any entry, controller or not, has this UID.
bool IsOwnedBy(const Json& object, std::string_view uid);

}  // namespace sb::kube
