// Paths, queries and answers of the fake API server.
#include <algorithm>
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"

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

std::uint64_t Number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

bool WantsMetadataOnly(const Request& request) {
  return request.accept.find("as=PartialObjectMetadata") != std::string::npos;
}

std::optional<FakeSelection> FakeSelection::Of(const FakeRoute& route, const Request& request) {
  auto labels = Selector::Labels(QueryValue(request, "labelSelector"));
  auto fields = Selector::Fields(QueryValue(request, "fieldSelector"));
  if (!labels || !fields) return std::nullopt;
  return FakeSelection(route.namespace_, std::move(*labels), std::move(*fields));
}

bool FakeSelection::Has(const RevisionPtr& revision) const {
  return revision &&
         (scope_.empty() || StringAt(revision->object(), {"metadata", "namespace"}) == scope_) &&
         labels_.Matches(revision->object()) && fields_.Matches(revision->object());
}

Response JsonResponse(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, body.dump()};
}

Json StatusBody(int code, const std::string& reason, const std::string& message, Json details) {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", code < 300 ? "Success" : "Failure"},
          {"reason", reason}, {"message", message}, {"details", std::move(details)},
          {"code", code}};
}

Response StatusResponse(int code, const std::string& reason, const std::string& message,
                        Json details) {
  return JsonResponse(code, StatusBody(code, reason, message, std::move(details)));
}

Response NotFound(const FakeRoute& route) {
  return StatusResponse(404, "NotFound", route.collection + " \"" + route.name + "\" not found");
}

Json TooLargeStatus(std::uint64_t asked) {
  return StatusBody(504, "Timeout", "Too large resource version: " + std::to_string(asked),
                    {{"causes", Json::array({{{"reason", "ResourceVersionTooLarge"},
                                              {"message", "Too large resource version"}}})},
                     {"retryAfterSeconds", 1}});
}

}  // namespace sb::kube
