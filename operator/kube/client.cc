#include "operator/kube/client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operator/kube/line_splitter.h"
#include "operator/kube/list_splitter.h"
#include "operator/kube/metrics.h"

namespace sb::kube {
namespace {

constexpr std::size_t kMaxObjectBytes = 16 << 20;  // an object in etcd is at most 1.5 MiB
constexpr char kPartialObject[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr char kPartialList[] =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

void AddIfSet(Request& request, std::string name, const std::string& value) {
  if (!value.empty()) request.query.emplace_back(std::move(name), value);
}

Request ObjectRequest(std::string method, const Resource& resource, const ObjectKey& key,
                      std::string_view subresource = "") {
  Request request;
  request.method = std::move(method);
  request.path = resource.Path(key.namespace_, key.name, subresource);
  return request;
}

std::string Describe(std::string_view verb, const Resource& resource, const ObjectKey& key) {
  return std::string(verb) + " " + resource.kind + " " + key.ToString();
}

// A path without a name would be the whole collection: DELETE on that must never happen by
// accident.
std::optional<Error> CheckKey(std::string_view verb, const Resource& resource,
                              const ObjectKey& key) {
  if (!key.name.empty() && (!resource.namespaced || !key.namespace_.empty())) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument,
               Describe(verb, resource, key) + ": the object has no name or no namespace", 0};
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Client::Client(Transport& transport, ClientOptions options)
    : transport_(transport), options_(std::move(options)) {}

Expected<Json> Client::Call(Request request, std::string_view what, std::stop_token stop) const {
  request.headers.emplace_back("User-Agent", options_.user_agent);
  const TimePoint sent = SystemClock().Now();
  auto response = transport_.Send(request, options_.deadline, stop);
  if (options_.metrics) {
    options_.metrics->ObserveRequest(request.method, response ? response->status : 0,
                                     SystemClock().Now() - sent);
  }
  if (!response) {
    Error error = response.error();
    error.message = std::string(what) + ": " + error.message;
    return tl::unexpected(std::move(error));
  }
  if (response->status < 200 || response->status > 299) {
    return tl::unexpected(ErrorFrom(*response, what));
  }
  Json body = Json::parse(response->body, nullptr, false);
  if (!body.is_object()) {
    return Fail(ErrorCode::kInternal, std::string(what) + ": the answer is not a JSON object");
  }
  return body;
}

Expected<Json> Client::Get(const Resource& resource, const ObjectKey& key) const {
  if (auto error = CheckKey("get", resource, key)) return tl::unexpected(*error);
  return Call(ObjectRequest("GET", resource, key), Describe("get", resource, key));
}

Expected<ListEnd> Client::List(const Resource& resource, const ListOptions& options,
                               const OnItem& on_item, std::stop_token stop) const {
  Request request;
  request.path = resource.Path(options.namespace_);
  if (options.metadata_only) request.accept = kPartialList;
  request.headers.emplace_back("User-Agent", options_.user_agent);
  AddIfSet(request, "labelSelector", options.label_selector);
  AddIfSet(request, "fieldSelector", options.field_selector);
  if (options.limit > 0) request.query.emplace_back("limit", std::to_string(options.limit));
  if (options.continue_token.empty()) {
    AddIfSet(request, "resourceVersion", options.resource_version);
  } else {
    request.query.emplace_back("continue", options.continue_token);
  }
  const std::string what = "list " + resource.plural;

  std::optional<Error> failure;
  ListSplitter splitter(kMaxObjectBytes);
  const auto take = [&](std::string_view item) {
    auto taken = on_item(item);
    if (!taken) failure = std::move(taken.error());
    return taken.has_value();
  };
  StreamHandlers handlers;
  handlers.live = false;
  handlers.open_deadline = options_.deadline;
  handlers.deadline = options_.list_deadline;
  handlers.idle_deadline = [this] { return options_.deadline; };
  handlers.on_data = [&](std::string_view bytes) {
    switch (splitter.Feed(bytes, take)) {
      case ListSplitter::Result::kMore:
        return true;
      case ListSplitter::Result::kStopped:
        return false;  // `failure` says why
      case ListSplitter::Result::kTooLong:
        failure = Error{ErrorCode::kInternal, "an item is larger than 16 MiB", 0};
        return false;
      case ListSplitter::Result::kMalformed:
        failure = Error{ErrorCode::kInternal, "the answer is not a list", 0};
        return false;
    }
    return false;
  };
  const TimePoint sent = SystemClock().Now();
  auto head = transport_.Stream(request, handlers, stop);
  if (options_.metrics) {
    options_.metrics->ObserveRequest("GET", head ? head->status : 0, SystemClock().Now() - sent);
  }
  if (head && head->status != 200) return tl::unexpected(ErrorFrom(*head, what));
  if (!head) failure = std::move(head.error());
  if (failure) {
    failure->message = what + ": " + failure->message;
    return tl::unexpected(std::move(*failure));
  }
  const Json envelope = Json::parse(splitter.envelope(), nullptr, false);
  if (!splitter.Complete() || !envelope.is_object()) {
    return Fail(ErrorCode::kUnavailable, what + ": the answer ends in the middle");
  }
  // `items: null` is an empty list; a Table has none at all.
  if (!envelope.contains("items")) {
    return Fail(ErrorCode::kInternal, what + ": the answer is not a list but a " +
                                          StringAt(envelope, {"kind"}, "thing without kind"));
  }
  return ListEnd{StringAt(envelope, {"metadata", "resourceVersion"}),
                 StringAt(envelope, {"metadata", "continue"})};
}

Expected<Json> Client::Create(const Resource& resource, const Json& object,
                              const std::string& field_manager) const {
  const ObjectKey key = KeyOf(object);
  if (resource.namespaced && key.namespace_.empty()) {
    return Fail(ErrorCode::kInvalidArgument, Describe("create", resource, key) + ": no namespace");
  }
  Request request = ObjectRequest("POST", resource, {key.namespace_, ""});
  AddIfSet(request, "fieldManager", field_manager);
  request.content_type = "application/json";
  request.body = Dump(object);
  request.idempotent = false;
  return Call(std::move(request), Describe("create", resource, key));
}

Expected<Json> Client::Apply(const Resource& resource, const Json& object,
                             const ApplyOptions& options) const {
  const ObjectKey key = KeyOf(object);
  if (auto error = CheckKey("apply", resource, key)) return tl::unexpected(*error);
  Request request = ObjectRequest("PATCH", resource, key, options.subresource);
  request.query.emplace_back("fieldManager", options.field_manager);
  if (options.force) request.query.emplace_back("force", "true");
  if (options.dry_run) request.query.emplace_back("dryRun", "All");
  request.content_type = "application/apply-patch+yaml";  // JSON is YAML
  request.body = Dump(object);
  return Call(std::move(request), Describe("apply", resource, key));
}

Expected<Json> Client::MergePatch(const Resource& resource, const ObjectKey& key, const Json& patch,
                                  const WriteOptions& options) const {
  if (auto error = CheckKey("patch", resource, key)) return tl::unexpected(*error);
  Request request = ObjectRequest("PATCH", resource, key, options.subresource);
  AddIfSet(request, "fieldManager", options.field_manager);
  request.content_type = "application/merge-patch+json";
  request.body = Dump(patch);
  return Call(std::move(request), Describe("patch", resource, key));
}

Expected<Json> Client::JsonPatch(const Resource& resource, const ObjectKey& key,
                                 const Json& operations, const WriteOptions& options) const {
  if (auto error = CheckKey("patch", resource, key)) return tl::unexpected(*error);
  Request request = ObjectRequest("PATCH", resource, key, options.subresource);
  AddIfSet(request, "fieldManager", options.field_manager);
  request.content_type = "application/json-patch+json";
  request.body = Dump(operations);
  request.idempotent = false;  // "add" to an array twice adds two
  return Call(std::move(request), Describe("patch", resource, key));
}

Expected<Json> Client::Update(const Resource& resource, const Json& object,
                              const WriteOptions& options) const {
  const ObjectKey key = KeyOf(object);
  if (auto error = CheckKey("update", resource, key)) return tl::unexpected(*error);
  if (ResourceVersionOf(object).empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                Describe("update", resource, key) + ": metadata.resourceVersion is missing");
  }
  Request request = ObjectRequest("PUT", resource, key, options.subresource);
  AddIfSet(request, "fieldManager", options.field_manager);
  request.content_type = "application/json";
  request.body = Dump(object);
  return Call(std::move(request), Describe("update", resource, key));
}

Expected<void> Client::Delete(const Resource& resource, const ObjectKey& key,
                              const DeleteOptions& options) const {
  if (auto error = CheckKey("delete", resource, key)) return tl::unexpected(*error);
  Request request = ObjectRequest("DELETE", resource, key);
  Json body{
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", options.propagation}};
  if (!options.uid.empty()) body["preconditions"] = {{"uid", options.uid}};
  request.content_type = "application/json";
  request.body = Dump(body);
  // Without a UID, a second one could hit the next object of that name.
  request.idempotent = !options.uid.empty();
  auto answer = Call(std::move(request), Describe("delete", resource, key));
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

Expected<Json> Client::PostPath(const std::string& path, const Json& body) const {
  Request request;
  request.method = "POST";
  request.path = path;
  request.content_type = "application/json";
  request.body = Dump(body);
  return Call(std::move(request), "post " + path);
}

Expected<Json> Client::GetPath(const std::string& path) const {
  Request request;
  request.path = path;
  return Call(std::move(request), "get " + path);
}

Expected<void> Client::Watch(const Resource& resource, const WatchOptions& options,
                             const WatchHandlers& handlers, bool& answered,
                             std::stop_token stop) const {
  Request request;
  request.path = resource.Path(options.namespace_);
  if (options.metadata_only) request.accept = kPartialObject;
  request.query = {{"watch", "true"}, {"allowWatchBookmarks", "true"}};
  AddIfSet(request, "labelSelector", options.label_selector);
  AddIfSet(request, "fieldSelector", options.field_selector);
  AddIfSet(request, "resourceVersion", options.resource_version);
  if (options.send_initial_events) {
    request.query.emplace_back("sendInitialEvents", "true");
    request.query.emplace_back("resourceVersionMatch", "NotOlderThan");
  }
  if (options.timeout_seconds > 0) {
    request.query.emplace_back("timeoutSeconds", std::to_string(options.timeout_seconds));
  }
  request.headers.emplace_back("User-Agent", options_.user_agent);
  const std::string what = "watch " + resource.plural;

  LineSplitter lines(kMaxObjectBytes);
  bool too_long = false;
  StreamHandlers stream;
  stream.on_open = [&](const Response&) {
    if (handlers.on_open) handlers.on_open();
  };
  stream.idle_deadline = handlers.idle_deadline;
  stream.on_data = [&](std::string_view bytes) {
    const auto result = lines.Feed(bytes, handlers.on_line);
    too_long = result == LineSplitter::Result::kTooLong;
    return result == LineSplitter::Result::kMore;
  };
  auto head = transport_.Stream(request, stream, stop);
  answered = head && head->status != 200;
  if (options_.metrics) options_.metrics->CountRequest("GET", head ? head->status : 0);
  if (!head) {
    Error error = std::move(head.error());
    error.message = what + ": " + error.message;
    return tl::unexpected(std::move(error));
  }
  if (answered) return tl::unexpected(ErrorFrom(*head, what));
  if (too_long) {
    return Fail(ErrorCode::kUnavailable, what + ": an event is larger than 16 MiB");
  }
  return {};
}

}  // namespace sb::kube
