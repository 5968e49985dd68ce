// Inside of FakeApiServer, shared by its .cc files.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_etcd.h"

namespace sb::kube {

// A path taken apart: /apis/{group}/{version}/namespaces/{ns}/{plural}/{name}/{subresource}.
struct FakeRoute {
  std::string api_version;
  std::string namespace_;
  std::string name;
  std::string subresource;
  std::string collection;

  StoredKey key() const { return {collection, {namespace_, name}}; }
};
std::optional<FakeRoute> ParseRoute(const std::string& path);
std::string CollectionOf(const Resource& resource);

Response JsonResponse(int status, const Json& body);
Response StatusResponse(int code, const std::string& reason, const std::string& message,
                        Json details = Json::object());

struct FakeApiServer::Implementation {
  struct Fault {
    Match match;
    int status = 0;  // 0: the connection drops
    std::string reason;
    bool after_work = false;
  };
  struct Watcher {
    std::uint64_t delivered;  // version up to which on_data has been called
    int bookmarks = 0;        // still to be sent
    int closing = 0;          // 1: end in good order, 2: break, 3: in-stream 410
  };

  explicit Implementation(const Clock& clock) : etcd(clock), wall(clock) {}

  // The fault that meets this request, if any. Counts it.
  std::optional<Fault> LockedFault(const std::string& method, const std::string& path);

  Response LockedHandle(const Request& request);
  Response LockedGet(const FakeRoute& route);
  Response LockedList(const FakeRoute& route, const Request& request);
  Response LockedCreate(const FakeRoute& route, const Request& request, Json body);
  Response LockedUpdate(const FakeRoute& route, const Request& request, Json body);
  Response LockedPatch(const FakeRoute& route, const Request& request, const Json& body);
  Response LockedApply(const FakeRoute& route, const Request& request, const Json& body);
  Response LockedDelete(const FakeRoute& route, const Json& options);
  // Stores `after` as a write of `manager` and answers with it.
  Response LockedStore(const FakeRoute& route, const Request& request, const Json& before,
                       Json after);

  // An object as clients see it.
  Json Rendered(const StoredKey& key, const Json& object) const;

  mutable std::mutex server_mutex;
  std::condition_variable_any changed;
  FakeEtcd etcd;
  const Clock& wall;
  std::list<Watcher> watchers;
  std::vector<Recorded> requests;
  std::vector<Fault> faults;
  std::function<void(const Request&)> hook;
  std::optional<std::uint64_t> frozen;
};

// The value of a query parameter, or "".
std::string QueryValue(const Request& request, const std::string& name);

}  // namespace sb::kube
