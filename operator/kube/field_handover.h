// Handing fields over from one field manager to another, so that the new one can drop a field and
// see it go, and the old one no longer holds on to it.
//
// An object that was made by `kubectl apply` or by PUT belongs, field by field, to a manager with
// the operation Update. Server-side apply does not take that over: both own the fields, and one
// that our manager stops applying stays for ever because the other still has it.
//
//   auto moved = HandOver(client, Deployments(), live, {{"kubectl-client-side-apply", "Update"}},
//                         "scalablebackend-operator");
//
// What this cannot do: it is not reversible, and what the old manager owned by its defaults is now
// ours to drop: the first apply afterwards removes what it does not name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/client.h"

namespace sb::kube {

// One entry of metadata.managedFields.
struct FieldManager {
  std::string name;
  std::string operation = "Update";  // or "Apply"
};

// The JSON patch that makes `to` (by server-side apply) the owner of all that the managers `from`
// own of the object itself (not of its status or another subresource), and of what it owns already.
// Their entries go. The patch names the resource version, so that the server refuses it (409) if
// anybody wrote meanwhile. Nothing, if they own nothing. Entries written through another version of
// the API than the new owner's stay as they are: their field names need not mean the same. Pure.
std::optional<Json> HandOverPatch(const Json& object, const std::vector<FieldManager>& from,
                                  const std::string& to);

// Sends it; reads the object again and tries again on a conflict, a few times. The object as it is
// now: `object` itself if there was nothing to move.
Expected<Json> HandOver(const Client& client, const Resource& resource, const Json& object,
                        const std::vector<FieldManager>& from, const std::string& to);

// The union of two FieldsV1 trees. Pure.
Json UnionOfFields(const Json& a, const Json& b);

}  // namespace sb::kube
