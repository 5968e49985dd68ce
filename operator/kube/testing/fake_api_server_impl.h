// Inside of FakeApiServer, shared by its .cc files:
//   fake_api_server.cc   requests, faults, what was asked
//   fake_api_world.cc    what happens besides the client under test
//   fake_api_routes.cc   paths and answers
//   fake_api_reads.cc    gets and lists
//   fake_api_watches.cc  streams
//   fake_api_writes.cc   what changes objects
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_etcd.h"
#include "operator/kube/testing/label_selector.h"

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
Json StatusBody(int code, const std::string& reason, const std::string& message,
                Json details = Json::object());
Response StatusResponse(int code, const std::string& reason, const std::string& message,
                        Json details = Json::object());
Response NotFound(const FakeRoute& route);
Json TooLargeStatus(std::uint64_t asked);

// The value of a query parameter, or "".
std::string QueryValue(const Request& request, const std::string& name);
std::uint64_t Number(const std::string& text);
bool WantsMetadataOnly(const Request& request);

// Which objects of a collection a request is about.
class FakeSelection {
 public:
  // Nothing if a selector cannot be read.
  static std::optional<FakeSelection> Of(const FakeRoute& route, const Request& request);
  bool Has(const RevisionPtr& revision) const;

 private:
  FakeSelection(std::string scope, Selector labels, Selector fields)
      : scope_(std::move(scope)), labels_(std::move(labels)), fields_(std::move(fields)) {}

  std::string scope_;  // a namespace, or "" for all
  Selector labels_, fields_;
};

struct FakeApiServer::Backup::Content {
  FakeEtcd::Snapshot snapshot;
};

struct FakeApiServer::Implementation {
  struct Fault {
    Match match;
    int status = 0;  // 0: the connection drops
    std::string reason;
    int retry_after_s = 0;
    bool after_work = false;

    Response Answer() const;
  };
  // An open watch.
  struct Watcher {
    enum class Closing { kNo, kCleanly, kGone, kBroken };  // the later one wins
    std::uint64_t delivered = 0;  // version up to which on_data has been called
    int bookmarks = 0;            // still to be sent
    Closing closing = Closing::kNo;

    void Close(Closing how) { closing = std::max(closing, how); }
  };

  class Watch;  // a stream at work

  Implementation(const Clock& time, FakeServerTraits with)
      : etcd(time), clock(time), traits(with) {}

  // The fault that meets this request, if any. Counts it.
  std::optional<Fault> LockedFault(const std::string& method, const std::string& path);

  Response LockedHandle(const Request& request);
  Response LockedGet(const FakeRoute& route, const Request& request);
  Response LockedList(const FakeRoute& route, const Request& request);
  Response LockedCreate(const FakeRoute& route, const Request& request, Json body);
  Response LockedScale(const FakeRoute& route, const Request& request, const Json& body);
  Response LockedUpdate(const FakeRoute& route, const Request& request, Json body);
  Response LockedPatch(const FakeRoute& route, const Request& request, const Json& body);
  Response LockedApply(const FakeRoute& route, const Request& request, const Json& body);
  Response LockedDelete(const FakeRoute& route, const Json& options);
  RevisionPtr LockedPut(const Resource& resource, Json object);
  // Stores `after` as a write of `manager` and answers with it.
  Response LockedStore(const FakeRoute& route, const Request& request, const Json& before,
                       Json after);

  // The version that the watch cache has reached; never goes back while this server runs.
  std::uint64_t LockedCacheVersion();
  // The watch cache does not know all that came after `version`.
  bool LockedIsGone(const std::string& collection, std::uint64_t version) const;
  void LockedRestart();
  void LockedCompact(std::uint64_t version);

  mutable std::mutex server_mutex;
  std::condition_variable_any changed;
  FakeEtcd etcd;
  const Clock& clock;
  FakeServerTraits traits;
  std::uint64_t cache_began = 0;    // the version at which this server's watch cache starts
  std::uint64_t cache_reached = 0;  // see LockedCacheVersion
  std::list<Watcher> watchers;
  std::vector<Recorded> requests;
  std::vector<Fault> faults;
  std::function<void(const Request&)> hook;
  std::function<void(TimePoint)> idle;
  std::optional<std::uint64_t> frozen;
};

}  // namespace sb::kube
