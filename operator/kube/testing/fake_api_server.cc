#include "operator/kube/testing/fake_api_server.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"
#include "operator/kube/testing/label_selector.h"

namespace sb::kube {
namespace {

std::string Line(const char* type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

const char kExpired[] =
    R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,)"
    R"("message":"too old resource version"}})"
    "\n";

}  // namespace

FakeApiServer::FakeApiServer(const Clock& clock) : impl_(std::make_unique<Implementation>(clock)) {}
FakeApiServer::~FakeApiServer() = default;

std::optional<FakeApiServer::Implementation::Fault> FakeApiServer::Implementation::LockedFault(
    const std::string& method, const std::string& path) {
  for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
    Match& match = fault->match;
    if (!match.method.empty() && match.method != method) continue;
    if (path.find(match.path_contains) == std::string::npos) continue;
    if (match.after > 0) {
      --match.after;
      continue;
    }
    const Fault found = *fault;
    if (match.times > 0 && --match.times == 0) faults.erase(fault);
    return found;
  }
  return std::nullopt;
}

Response FakeApiServer::Implementation::LockedHandle(const Request& request) {
  const auto route = ParseRoute(request.path);
  if (!route)
    return StatusResponse(404, "NotFound", "the server could not find the requested resource");
  if (request.method == "GET") {
    return route->name.empty() ? LockedList(*route, request) : LockedGet(*route);
  }
  Json body = request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return StatusResponse(400, "BadRequest", "the body is not JSON");
  if (request.method == "POST") return LockedCreate(*route, request, std::move(body));
  if (route->name.empty()) return StatusResponse(405, "MethodNotAllowed", "no name in the path");
  if (request.method == "PUT") return LockedUpdate(*route, request, std::move(body));
  if (request.method == "PATCH") return LockedPatch(*route, request, body);
  if (request.method == "DELETE") return LockedDelete(*route, body);
  return StatusResponse(405, "MethodNotAllowed", request.method);
}

Expected<Response> FakeApiServer::Send(const Request& request, Duration, std::stop_token stop) {
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  std::function<void(const Request&)> hook;
  {
    std::lock_guard lock(impl_->server_mutex);
    hook = impl_->hook;
  }
  if (hook) hook(request);
  std::lock_guard lock(impl_->server_mutex);
  const auto fault = impl_->LockedFault(request.method, request.path);
  if (fault && fault->status == 0 && !fault->after_work) {
    impl_->requests.push_back({request, 0, false});
    return Fail(ErrorCode::kUnavailable, "the connection broke");
  }
  if (fault && fault->status != 0) {
    impl_->requests.push_back({request, fault->status, false});
    return StatusResponse(fault->status, fault->reason, "scripted fault: " + fault->reason);
  }
  const std::uint64_t before = impl_->etcd.version();
  Response response = impl_->LockedHandle(request);
  impl_->requests.push_back(
      {request, fault ? 0 : response.status, impl_->etcd.version() != before});
  impl_->changed.notify_all();
  if (fault) return Fail(ErrorCode::kUnavailable, "the connection broke");
  return response;
}

Expected<Response> FakeApiServer::Stream(const Request& request, const StreamHandlers& handlers,
                                         std::stop_token stop) {
  if (!handlers.live) {  // a list
    auto response = Send(request, Duration::max(), stop);
    if (!response || response->status != 200) return response;
    if (handlers.on_open) handlers.on_open(*response);
    handlers.on_data(response->body);
    return response;
  }
  const auto deadline =
      std::chrono::steady_clock::now() +
      std::chrono::seconds(std::max(1, std::atoi(QueryValue(request, "timeoutSeconds").c_str())));
  std::unique_lock lock(impl_->server_mutex);
  const auto route = ParseRoute(request.path);
  const auto fault = impl_->LockedFault("WATCH", request.path);
  impl_->requests.push_back({request, fault ? fault->status : 200, false});
  if (fault && fault->status != 0)
    return StatusResponse(fault->status, fault->reason, "scripted fault: " + fault->reason);
  if (fault) return Fail(ErrorCode::kUnavailable, "the connection broke");
  if (!route)
    return StatusResponse(404, "NotFound", "the server could not find the requested resource");
  auto labels = Selector::Labels(QueryValue(request, "labelSelector"));
  auto fields = Selector::Fields(QueryValue(request, "fieldSelector"));
  if (!labels || !fields) return StatusResponse(400, "BadRequest", "unable to parse the selector");
  const auto selected = [&](const std::shared_ptr<const Json>& object) {
    return object &&
           (route->namespace_.empty() || KeyOf(*object).namespace_ == route->namespace_) &&
           labels->Matches(*object) && fields->Matches(*object);
  };

  const std::uint64_t from =
      std::strtoull(QueryValue(request, "resourceVersion").c_str(), nullptr, 10);
  std::vector<std::string> lines;
  Implementation::Watcher watcher{from, 0, 0};
  if (from == 0) {
    for (const auto& object : impl_->etcd.List(route->collection)) {
      if (!selected(object)) continue;
      lines.push_back(Line("ADDED", impl_->Rendered({route->collection, KeyOf(*object)}, *object)));
    }
    watcher.delivered = impl_->etcd.version();
  } else if (from < impl_->etcd.compacted()) {
    lines.push_back(kExpired);
    watcher.closing = 1;
  }
  auto self = impl_->watchers.insert(impl_->watchers.end(), watcher);
  const auto leave = [&] {
    if (!lock.owns_lock()) lock.lock();
    impl_->watchers.erase(self);
    impl_->changed.notify_all();
  };
  const Response head{200, {{"Transfer-Encoding", "chunked"}}, ""};
  lock.unlock();
  if (handlers.on_open) handlers.on_open(head);
  lock.lock();

  std::uint64_t reached = self->delivered;
  for (;;) {
    for (const HistoryEntry& entry : impl_->etcd.history()) {
      if (entry.version <= reached) continue;
      reached = entry.version;
      if (entry.key.collection != route->collection) continue;
      const bool was = selected(entry.before);
      const bool is = selected(entry.after);
      if (!was && !is) continue;
      if (is) {
        lines.push_back(Line(was ? "MODIFIED" : "ADDED", impl_->Rendered(entry.key, *entry.after)));
      } else {
        Json last = *entry.before;  // an object that no longer matches is "deleted" for this watch
        last["metadata"]["resourceVersion"] = std::to_string(entry.version);
        lines.push_back(Line("DELETED", last));
      }
    }
    reached = std::max(reached, impl_->etcd.version());
    for (; self->bookmarks > 0; --self->bookmarks) {
      lines.push_back(Line(
          "BOOKMARK",
          {{"kind", "Bookmark"}, {"metadata", {{"resourceVersion", std::to_string(reached)}}}}));
    }
    if (self->closing == 3) lines.push_back(kExpired);
    lock.unlock();
    for (const std::string& line : std::exchange(lines, {})) {
      if (handlers.on_data(line)) continue;
      leave();
      return head;
    }
    lock.lock();
    self->delivered = reached;
    impl_->changed.notify_all();
    if (self->closing != 0) {
      const bool broken = self->closing == 2;
      leave();
      if (broken) return Fail(ErrorCode::kUnavailable, "the connection broke");
      return head;
    }
    const auto news = [&] {
      return impl_->etcd.version() > reached || self->bookmarks > 0 || self->closing != 0;
    };
    const bool woken = impl_->changed.wait_until(lock, stop, deadline, news);
    if (woken) continue;
    leave();
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    return head;  // timeoutSeconds have passed
  }
}

std::optional<Json> FakeApiServer::Get(const Resource& resource, const ObjectKey& key) const {
  std::lock_guard lock(impl_->server_mutex);
  const StoredKey at{CollectionOf(resource), key};
  const StoredObject* stored = impl_->etcd.Find(at);
  if (!stored) return std::nullopt;
  return impl_->Rendered(at, *stored->object);
}

std::vector<Json> FakeApiServer::List(const Resource& resource,
                                      const std::string& namespace_) const {
  std::lock_guard lock(impl_->server_mutex);
  std::vector<Json> objects;
  for (const auto& object : impl_->etcd.List(CollectionOf(resource))) {
    const ObjectKey key = KeyOf(*object);
    if (!namespace_.empty() && key.namespace_ != namespace_) continue;
    objects.push_back(impl_->Rendered({CollectionOf(resource), key}, *object));
  }
  return objects;
}

Json FakeApiServer::Put(const Resource& resource, Json object) {
  std::lock_guard lock(impl_->server_mutex);
  object["kind"] = resource.kind;
  object["apiVersion"] = resource.ApiVersion();
  const StoredKey key{CollectionOf(resource), KeyOf(object)};
  const StoredObject* stored = impl_->etcd.Find(key);
  FieldOwners owners = stored ? stored->owners : FieldOwners();
  owners.Update({"outside", "Update", ""}, stored ? *stored->object : Json::object(), object);
  const auto result = impl_->etcd.Put(key, std::move(object), std::move(owners));
  impl_->changed.notify_all();
  return *result;
}

bool FakeApiServer::Edit(const Resource& resource, const ObjectKey& key,
                         const std::function<void(Json&)>& edit) {
  auto object = Get(resource, key);
  if (!object) return false;
  edit(*object);
  Put(resource, std::move(*object));
  return true;
}

bool FakeApiServer::Remove(const Resource& resource, const ObjectKey& key) {
  std::lock_guard lock(impl_->server_mutex);
  FakeRoute route;
  route.collection = CollectionOf(resource);
  route.namespace_ = key.namespace_;
  route.name = key.name;
  const Response response = impl_->LockedDelete(route, Json::object());
  impl_->changed.notify_all();
  return response.status == 200;
}

int FakeApiServer::CollectGarbage() {
  std::lock_guard lock(impl_->server_mutex);
  int removed = 0;
  for (bool again = true; again;) {
    again = false;
    std::set<std::string> alive;
    for (const StoredKey& key : impl_->etcd.Keys())
      alive.insert(UidOf(*impl_->etcd.Find(key)->object));
    for (const StoredKey& key : impl_->etcd.Keys()) {
      const Json* owners = Find(*impl_->etcd.Find(key)->object, {"metadata", "ownerReferences"});
      if (!owners || !owners->is_array() || owners->empty()) continue;
      const bool orphan = std::none_of(owners->begin(), owners->end(), [&](const Json& owner) {
        return alive.contains(StringAt(owner, {"uid"}));
      });
      if (!orphan) continue;
      FakeRoute route;
      route.collection = key.collection;
      route.namespace_ = key.key.namespace_;
      route.name = key.key.name;
      impl_->LockedDelete(route, Json::object());
      if (impl_->etcd.Find(key)) continue;  // its finalizers hold it
      ++removed;
      again = true;
    }
  }
  impl_->changed.notify_all();
  return removed;
}

void FakeApiServer::Compact(bool break_watches) {
  std::lock_guard lock(impl_->server_mutex);
  for (auto& watcher : impl_->watchers) {
    // A watch that has not been given all events can no longer be.
    if (break_watches || watcher.delivered < impl_->etcd.version()) watcher.closing = 3;
  }
  impl_->etcd.Compact();
  impl_->changed.notify_all();
}

void FakeApiServer::Bookmark() {
  std::lock_guard lock(impl_->server_mutex);
  for (auto& watcher : impl_->watchers) ++watcher.bookmarks;
  impl_->changed.notify_all();
}

void FakeApiServer::CloseWatches(bool cleanly) {
  std::lock_guard lock(impl_->server_mutex);
  for (auto& watcher : impl_->watchers) watcher.closing = cleanly ? 1 : 2;
  impl_->changed.notify_all();
}

std::string FakeApiServer::ResourceVersion() const {
  std::lock_guard lock(impl_->server_mutex);
  return std::to_string(impl_->etcd.version());
}

std::vector<FakeApiServer::Recorded> FakeApiServer::requests() const {
  std::lock_guard lock(impl_->server_mutex);
  return impl_->requests;
}

std::vector<std::string> FakeApiServer::writes() const {
  std::lock_guard lock(impl_->server_mutex);
  std::vector<std::string> writes;
  for (const Recorded& recorded : impl_->requests) {
    if (recorded.changed)
      writes.push_back(recorded.request.method + " " + Target(recorded.request));
  }
  return writes;
}

void FakeApiServer::ClearRequests() {
  std::lock_guard lock(impl_->server_mutex);
  impl_->requests.clear();
}

bool FakeApiServer::WaitForWatchers(Duration deadline) {
  std::unique_lock lock(impl_->server_mutex);
  return impl_->changed.wait_for(lock, deadline, [&] {
    return std::all_of(impl_->watchers.begin(), impl_->watchers.end(), [&](const auto& watcher) {
      return watcher.delivered >= impl_->etcd.version() && watcher.bookmarks == 0 &&
             watcher.closing == 0;
    });
  });
}

std::size_t FakeApiServer::open_watches() const {
  std::lock_guard lock(impl_->server_mutex);
  return impl_->watchers.size();
}

void FakeApiServer::FailNext(Match match, int status, std::string reason) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->faults.push_back({std::move(match), status, std::move(reason), false});
}

void FakeApiServer::DropNext(Match match, bool after_work) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->faults.push_back({std::move(match), 0, "", after_work});
}

void FakeApiServer::OnRequest(std::function<void(const Request&)> hook) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->hook = std::move(hook);
}

void FakeApiServer::FreezeReads(const std::string& resource_version) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->frozen.reset();
  if (!resource_version.empty()) {
    impl_->frozen = std::strtoull(resource_version.c_str(), nullptr, 10);
  }
}

void FakeApiServer::ClearFaults() {
  std::lock_guard lock(impl_->server_mutex);
  impl_->faults.clear();
  impl_->frozen.reset();
  impl_->hook = nullptr;
}

}  // namespace sb::kube
