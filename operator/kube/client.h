// The verbs of the Kubernetes API on any Transport, with errors as the server means them.
//
//   Client client(transport, {.metrics = &metrics});
//   auto applied = client.Apply(Deployments(), deployment, {.field_manager =
//   "scalablebackend-operator"}); if (!applied && applied.error().code == ErrorCode::kConflict) …
//
// Thread-safe and stateless. Every call ends within `deadline`. Nothing is retried in here: the
// work queue does.
//
// Errors are decided by the Status body's reason before the HTTP code: kNotFound; kAlreadyExists or
// kConflict for 409; kGone for 410, Expired and ResourceVersionTooLarge (the version asked for is
// not in this server's history; IsTooLarge tells the last one); kInvalidArgument for 400 and 422,
// its message naming each field of details.causes; kUnauthenticated, kPermissionDenied,
// kTooManyRequests (with retry_after_ms), kUnavailable for 5xx.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "operator/kube/resource.h"
#include "operator/kube/server_error.h"
#include "operator/kube/transport.h"

namespace sb::kube {

class Metrics;

inline constexpr char kUserAgent[] = "scalablebackend-operator/0.1.0";

struct ClientOptions {
  Duration deadline = std::chrono::seconds(10);  // of each call; of silence within a list
  Duration list_deadline = std::chrono::minutes(3);
  std::string user_agent = kUserAgent;
  Metrics* metrics = nullptr;  // must outlive the client
};

struct ApplyOptions {
  std::string field_manager = {};  // required
  bool force = true;               // take fields that another manager owns with another value
  std::string subresource = {};    // "status"
  bool dry_run = false;
};

struct WriteOptions {
  std::string field_manager = {};
  std::string subresource = {};
};

struct DeleteOptions {
  std::string uid = {};  // only this incarnation: kConflict if another one has the name
  std::string propagation = "Background";  // or Foreground, Orphan
};

struct ListOptions {
  std::string namespace_ = {};  // "" for all
  std::string label_selector = {};
  std::string field_selector = {};
  int limit = 0;                      // page size; 0: all at once
  std::string resource_version = {};  // "": the latest, "0": any
  std::string continue_token = {};    // of the page before; then resource_version is not sent (the
                                      // server refuses both)
  bool metadata_only = false;         // items as PartialObjectMetadata
};

struct ListEnd {
  std::string resource_version;
  std::string continue_token;  // not empty: there is another page
};

struct WatchOptions {
  std::string namespace_ = {};
  std::string label_selector = {};
  std::string field_selector = {};
  std::string resource_version = {};
  int timeout_seconds = 0;
  bool metadata_only = false;        // objects as PartialObjectMetadata
  bool send_initial_events = false;  // a streaming list, not older than resource_version
};

struct WatchHandlers {
  // The server accepted. Optional.
  std::function<void()> on_open = {};
  // One event, without its '\n'. False: enough, close the connection.
  std::function<bool(std::string_view line)> on_line = {};
  // How long the stream may stay silent before it counts as dead; asked before each wait.
  std::function<Duration()> idle_deadline = {};
};

class Client {
 public:
  explicit Client(Transport& transport, ClientOptions options = {});

  Expected<Json> Get(const Resource& resource, const ObjectKey& key) const;
  // Hands out the items as they arrive, as JSON text, so that no list is ever held whole. Items of
  // typed lists lack kind and apiVersion on the wire. An error of on_item ends the list and is
  // returned. kInternal: the answer is no list (a Table, or something that is no API server).
  using OnItem = std::function<Expected<void>(std::string_view item)>;
  Expected<ListEnd> List(const Resource& resource, const ListOptions& options,
                         const OnItem& on_item, std::stop_token stop = {}) const;

  // POST. Not repeated by anything below.
  Expected<Json> Create(const Resource& resource, const Json& object,
                        const std::string& field_manager) const;
  // Server-side apply: creates or changes so that `object` holds. An identical apply changes
  // nothing, not even the resource version.
  Expected<Json> Apply(const Resource& resource, const Json& object,
                       const ApplyOptions& options) const;
  // RFC 7386. Put metadata.resourceVersion into `patch` to make it conditional.
  Expected<Json> MergePatch(const Resource& resource, const ObjectKey& key, const Json& patch,
                            const WriteOptions& options = {}) const;
  // RFC 6902: an array of operations, with `test` first to make it conditional.
  Expected<Json> JsonPatch(const Resource& resource, const ObjectKey& key, const Json& operations,
                           const WriteOptions& options = {}) const;
  // PUT; the object must carry metadata.resourceVersion. kConflict: read again.
  Expected<Json> Update(const Resource& resource, const Json& object,
                        const WriteOptions& options = {}) const;
  // kNotFound if it is already gone.
  Expected<void> Delete(const Resource& resource, const ObjectKey& key,
                        const DeleteOptions& options = {}) const;
  // POST without side effects to a fixed path: TokenReview, SubjectAccessReview.
  Expected<Json> PostPath(const std::string& path, const Json& body) const;
  // GET of a path that is no object: "/version", "/apis/apps/v1".
  Expected<Json> GetPath(const std::string& path) const;

  // One watch connection with bookmarks. Success: the server or on_line ended it in good order. An
  // error with `answered`: the server refused, by its HTTP status; without: the connection failed.
  Expected<void> Watch(const Resource& resource, const WatchOptions& options,
                       const WatchHandlers& handlers, bool& answered, std::stop_token stop) const;

 private:
  Expected<Json> Call(Request request, std::string_view what, std::stop_token stop = {}) const;

  Transport& transport_;
  ClientOptions options_;
};

}  // namespace sb::kube
