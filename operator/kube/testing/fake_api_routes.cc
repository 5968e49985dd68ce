// Paths, answers, lists and reads of the fake API server.
#include <algorithm>
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"
#include "operator/kube/testing/label_selector.h"

namespace sb::kube {
namespace {

std::vector<std::string> Segments(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

std::uint64_t Number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

std::string CollectionOf(const Resource& resource) {
  return resource.group + "/" + resource.plural;
}

std::optional<FakeRoute> ParseRoute(const std::string& path) {
  std::vector<std::string> segments = Segments(path);
  FakeRoute route;
  std::string group;
  if (segments.size() >= 3 && segments[0] == "api") {
    route.api_version = segments[1];
    segments.erase(segments.begin(), segments.begin() + 2);
  } else if (segments.size() >= 4 && segments[0] == "apis") {
    group = segments[1];
    route.api_version = group + "/" + segments[2];
    segments.erase(segments.begin(), segments.begin() + 3);
  } else {
    return std::nullopt;
  }
  // /namespaces/x alone is the Namespace object itself.
  if (segments.size() >= 3 && segments[0] == "namespaces") {
    route.namespace_ = segments[1];
    segments.erase(segments.begin(), segments.begin() + 2);
  }
  if (segments.empty() || segments.size() > 3) return std::nullopt;
  route.collection = group + "/" + segments[0];
  if (segments.size() > 1) route.name = segments[1];
  if (segments.size() > 2) route.subresource = segments[2];
  return route;
}

std::string QueryValue(const Request& request, const std::string& name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return "";
}

Response JsonResponse(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, body.dump()};
}

Response StatusResponse(int code, const std::string& reason, const std::string& message,
                        Json details) {
  Response response = JsonResponse(code, {{"kind", "Status"},
                                          {"apiVersion", "v1"},
                                          {"status", code < 300 ? "Success" : "Failure"},
                                          {"reason", reason},
                                          {"message", message},
                                          {"details", std::move(details)},
                                          {"code", code}});
  return response;
}

Json FakeApiServer::Implementation::Rendered(const StoredKey& key, const Json& object) const {
  Json rendered = object;
  const StoredObject* stored = etcd.Find(key);
  if (!stored) return rendered;
  Json managed = stored->owners.ManagedFields(StringAt(object, {"apiVersion"}));
  if (!managed.empty()) rendered["metadata"]["managedFields"] = std::move(managed);
  return rendered;
}

Response FakeApiServer::Implementation::LockedGet(const FakeRoute& route) {
  const auto object = etcd.GetAt(route.key(), frozen.value_or(etcd.version()));
  if (!object)
    return StatusResponse(404, "NotFound", route.collection + " \"" + route.name + "\" not found");
  return JsonResponse(200, Rendered(route.key(), *object));
}

Response FakeApiServer::Implementation::LockedList(const FakeRoute& route, const Request& request) {
  auto labels = Selector::Labels(QueryValue(request, "labelSelector"));
  auto fields = Selector::Fields(QueryValue(request, "fieldSelector"));
  if (!labels || !fields) return StatusResponse(400, "BadRequest", "unable to parse the selector");
  const std::string asked = QueryValue(request, "resourceVersion");
  const std::string token = QueryValue(request, "continue");
  if (!token.empty() && !asked.empty()) {
    return StatusResponse(400, "BadRequest",
                          "specifying resource version is not allowed when using continue");
  }
  if (!asked.empty() && Number(asked) > etcd.version()) {
    return StatusResponse(504, "Timeout", "Too large resource version: " + asked,
                          {{"causes", Json::array({{{"reason", "ResourceVersionTooLarge"},
                                                    {"message", "Too large resource version"}}})},
                           {"retryAfterSeconds", 1}});
  }
  // "version/namespace/name": the version of the first page, and the last key of the page before.
  std::uint64_t version = frozen.value_or(etcd.version());
  std::optional<ObjectKey> after;
  if (!token.empty()) {
    const auto parts = Segments("/" + token);
    version = Number(parts.at(0));
    if (version < etcd.compacted()) {
      return StatusResponse(410, "Expired", "The provided continue parameter is too old");
    }
    after = ObjectKey{parts.at(1), parts.at(2)};
  }
  // The watch cache answers version "0" (and exact ones) without pages.
  const bool paged = asked.empty();
  const std::size_t limit = paged ? Number(QueryValue(request, "limit")) : 0;
  Json items = Json::array();
  std::string next;
  std::string kind = "";
  for (const auto& object : etcd.ListAt(route.collection, version)) {
    const ObjectKey key = KeyOf(*object);
    if (!route.namespace_.empty() && key.namespace_ != route.namespace_) continue;
    if (after && key <= *after) continue;
    if (!labels->Matches(*object) || !fields->Matches(*object)) continue;
    if (limit > 0 && items.size() == limit) {
      const ObjectKey last = KeyOf(items.back());
      next = std::to_string(version) + "/" + last.namespace_ + "/" + last.name;
      break;
    }
    Json item = Rendered({route.collection, key}, *object);
    kind = StringAt(item, {"kind"});
    item.erase("kind");  // as typed lists do
    item.erase("apiVersion");
    items.push_back(std::move(item));
  }
  Json list{{"kind", kind + "List"},
            {"apiVersion", route.api_version},
            {"metadata", {{"resourceVersion", std::to_string(version)}}},
            {"items", std::move(items)}};
  if (!next.empty()) list["metadata"]["continue"] = next;
  return JsonResponse(200, list);
}

}  // namespace sb::kube
