// What changes objects in the fake API server.
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"

namespace sb::kube {
namespace {

std::string ManagerOf(const Request& request) {
  const std::string name = QueryValue(request, "fieldManager");
  return name.empty() ? "unknown" : name;
}

Response Conflict(const std::string& why) { return StatusResponse(409, "Conflict", why); }

// Why `body` cannot be meant for `live`, if so.
std::optional<Response> CheckPreconditions(const Json& body, const Json& live) {
  const std::string version = ResourceVersionOf(body);
  if (!version.empty() && version != ResourceVersionOf(live)) {
    return Conflict(
        "the object has been modified; please apply your changes to the latest version");
  }
  const std::string uid = UidOf(body);
  if (!uid.empty() && uid != UidOf(live)) {
    return Conflict("Precondition failed: UID in precondition: " + uid +
                    ", UID in object meta: " + UidOf(live));
  }
  return std::nullopt;
}

// /status writes status only, everything else leaves status alone.
void KeepOtherHalf(const std::string& subresource, const Json& live, Json& object) {
  if (subresource == "status") {
    Json merged = live;
    if (object.contains("status")) {
      merged["status"] = object["status"];
    } else {
      merged.erase("status");
    }
    object = std::move(merged);
  } else if (live.contains("status")) {
    object["status"] = live["status"];
  } else {
    object.erase("status");
  }
}

}  // namespace

Response FakeApiServer::Implementation::LockedStore(const FakeRoute& route, const Request& request,
                                                    const Json& before, Json after) {
  KeepOtherHalf(route.subresource, before, after);
  const RevisionPtr stored = etcd.Find(route.key());
  FieldOwners owners = stored ? stored->owners() : FieldOwners();
  // A client may write managedFields; one that leaves them out or empty keeps them.
  const Json managed = after["metadata"].value("managedFields", Json::array());
  after["metadata"].erase("managedFields");
  if (traits.field_owners) {
    if (stored && !managed.empty() && managed != owners.ManagedFields(route.api_version)) {
      owners = FieldOwners::From(managed);
    }
    owners.Update({ManagerOf(request), "Update", route.subresource}, before, after);
  }
  if (QueryValue(request, "dryRun") == "All") return JsonResponse(200, after);
  const auto result = etcd.Put(route.key(), std::move(after), std::move(owners));
  return JsonResponse(before.empty() ? 201 : 200, result->Rendered());
}

// The scale subresource: spec.replicas of the object, under the precondition of its version.
Response FakeApiServer::Implementation::LockedScale(const FakeRoute& route, const Request& request,
                                                    const Json& body) {
  const Json live = etcd.Find(route.key())->object();
  Json after = live;
  after["spec"]["replicas"] = IntAt(body, {"spec", "replicas"});
  const Response stored = LockedStore(route, request, live, std::move(after));
  const Json object = Json::parse(stored.body);
  return JsonResponse(stored.status,
                      {{"apiVersion", "autoscaling/v1"},
                       {"kind", "Scale"},
                       {"metadata",
                        {{"name", route.name},
                         {"namespace", route.namespace_},
                         {"resourceVersion", ResourceVersionOf(object)}}},
                       {"spec", {{"replicas", IntAt(object, {"spec", "replicas"})}}},
                       {"status", {{"replicas", IntAt(object, {"status", "replicas"})}}}});
}

Response FakeApiServer::Implementation::LockedCreate(const FakeRoute& route, const Request& request,
                                                     Json body) {
  FakeRoute target = route;
  target.name = KeyOf(body).name;
  if (target.name.empty()) {
    return StatusResponse(422, "Invalid",
                          "metadata.name: Required value: name or generateName is required",
                          {{"causes", Json::array({{{"field", "metadata.name"},
                                                    {"message", "Required value"},
                                                    {"reason", "FieldValueRequired"}}})}});
  }
  if (etcd.Find(target.key())) {
    return StatusResponse(409, "AlreadyExists",
                          route.collection + " \"" + target.name + "\" already exists");
  }
  if (!route.namespace_.empty()) body["metadata"]["namespace"] = route.namespace_;
  return LockedStore(target, request, Json::object(), std::move(body));
}

Response FakeApiServer::Implementation::LockedUpdate(const FakeRoute& route, const Request& request,
                                                     Json body) {
  const RevisionPtr stored = etcd.Find(route.key());
  if (!stored) return NotFound(route);
  if (auto refused = CheckPreconditions(body, stored->object())) return *refused;
  if (route.subresource == "scale") return LockedScale(route, request, body);
  return LockedStore(route, request, stored->object(), std::move(body));
}

Response FakeApiServer::Implementation::LockedPatch(const FakeRoute& route, const Request& request,
                                                    const Json& body) {
  if (request.content_type == "application/apply-patch+yaml")
    return LockedApply(route, request, body);
  const RevisionPtr stored = etcd.Find(route.key());
  if (!stored) return NotFound(route);
  const Json live = stored->Rendered();
  Json after = live;
  if (request.content_type == "application/json-patch+json") {
    try {
      after = live.patch(body);
    } catch (const Json::exception& exception) {
      return StatusResponse(422, "Invalid", exception.what());
    }
    // "replace /metadata/resourceVersion" is how such a patch is made conditional.
    if (auto refused = CheckPreconditions(after, live)) return *refused;
  } else {
    if (auto refused = CheckPreconditions(body, live)) return *refused;
    after.merge_patch(body);
  }
  return LockedStore(route, request, stored->object(), std::move(after));
}

Response FakeApiServer::Implementation::LockedApply(const FakeRoute& route, const Request& request,
                                                    const Json& body) {
  const std::string manager = QueryValue(request, "fieldManager");
  if (manager.empty())
    return StatusResponse(400, "BadRequest", "fieldManager is required for apply patch");
  if (KeyOf(body).name != route.name || StringAt(body, {"apiVersion"}) != route.api_version ||
      StringAt(body, {"kind"}).empty()) {
    return StatusResponse(400, "BadRequest",
                          "apiVersion, kind or metadata.name do not fit the path");
  }
  const RevisionPtr stored = etcd.Find(route.key());
  if (!stored && (!route.subresource.empty() || !UidOf(body).empty())) {
    return NotFound(route);
  }
  const Json live = stored ? stored->object() : Json::object();
  if (stored) {
    if (auto refused = CheckPreconditions(body, live)) return *refused;
  }
  // Applying to /status ignores everything else, and the other way round.
  Json applied = body;
  if (route.subresource == "status") {
    applied = {{"apiVersion", body["apiVersion"]}, {"kind", body["kind"]}};
    if (body.contains("status")) applied["status"] = body["status"];
  } else {
    applied.erase("status");
  }
  FieldOwners owners = stored ? stored->owners() : FieldOwners();
  Json after;
  std::vector<FieldConflict> conflicts;
  if (traits.field_owners) {
    conflicts = owners.Apply({manager, "Apply", route.subresource}, live, applied,
                             QueryValue(request, "force") == "true", after);
  } else {
    after = Merged(live, applied);
  }
  if (!conflicts.empty()) {
    Json causes = Json::array();
    std::string message = "Apply failed with " + std::to_string(conflicts.size()) +
                          (conflicts.size() == 1 ? " conflict:" : " conflicts:");
    for (const FieldConflict& conflict : conflicts) {
      message += " conflict with \"" + conflict.manager + "\": " + conflict.field;
      causes.push_back({{"reason", "FieldManagerConflict"},
                        {"message", "conflict with \"" + conflict.manager + "\""},
                        {"field", conflict.field}});
    }
    return StatusResponse(409, "Conflict", message, {{"causes", causes}});
  }
  if (!route.namespace_.empty()) after["metadata"]["namespace"] = route.namespace_;
  after["metadata"]["name"] = route.name;
  if (stored) {
    for (const char* kept :
         {"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"}) {
      if (live["metadata"].contains(kept)) after["metadata"][kept] = live["metadata"][kept];
    }
  }
  if (QueryValue(request, "dryRun") == "All") return JsonResponse(200, after);
  const auto result = etcd.Put(route.key(), std::move(after), std::move(owners));
  return JsonResponse(stored ? 200 : 201, result->Rendered());
}

Response FakeApiServer::Implementation::LockedDelete(const FakeRoute& route, const Json& options) {
  const RevisionPtr stored = etcd.Find(route.key());
  if (!stored) return NotFound(route);
  const std::string uid = StringAt(options, {"preconditions", "uid"});
  if (!uid.empty() && uid != UidOf(stored->object())) {
    return Conflict("Precondition failed: UID in precondition: " + uid +
                    ", UID in object meta: " + UidOf(stored->object()));
  }
  const Json* finalizers = Find(stored->object(), {"metadata", "finalizers"});
  if (finalizers && !finalizers->empty()) {
    Json doomed = stored->object();
    if (!doomed["metadata"].contains("deletionTimestamp")) {
      doomed["metadata"]["deletionTimestamp"] = FormatTime(clock.WallNow());
    }
    const auto result = etcd.Put(route.key(), std::move(doomed), stored->owners());
    return JsonResponse(200, result->Rendered());
  }
  etcd.Erase(route.key());
  return StatusResponse(200, "", "");
}

}  // namespace sb::kube
