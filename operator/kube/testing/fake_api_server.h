// An API server in memory, behind the Transport interface: for simulations of a whole operator, and
// for tests of this library. It keeps what the real one promises as far as a controller can tell:
// - one counter of resource versions; uid, creationTimestamp, generation (bumped when something
// outside metadata and
//   status changes, for every kind that has a spec);
// - list and watch with label selectors (=, !=, in, notin, exists), pages, continue tokens,
// bookmarks on demand,
//   version history with 410 below a mark that Compact() sets;
// - POST, PUT with resourceVersion, merge and JSON patches, server-side apply, DELETE with
// preconditions, finalizers,
//   owner references (CollectGarbage), the status subresource for every kind;
// - server-side apply subset: deep merge; lists of maps merge by name, else by containerPort or
// port, type, key, ip,
//   else are replaced. Ownership is kept per leaf field: conflicts without force, removal of fields
//   that a manager no longer applies, and no write at all if nothing changes.
//
//   FakeApiServer server;
//   Client client(server);
//   server.Put(object);                                // as somebody else
//   server.FailNext({.method = "PATCH", .after = 2}, 500);   // the third PATCH from now
//
// Kinds need no registration: the plural and the group version in the path name them. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/json.h"
#include "operator/kube/resource.h"
#include "operator/kube/transport.h"

namespace sb::kube {

class FakeApiServer : public Transport {
 public:
  explicit FakeApiServer(const Clock& clock = SystemClock());
  ~FakeApiServer() override;

  Expected<Response> Send(const Request& request, Duration deadline, std::stop_token stop) override;
  Expected<Response> Stream(const Request& request, const StreamHandlers& handlers,
                            std::stop_token stop) override;

  // ---- The world outside the client under test ----

  std::optional<Json> Get(const Resource& resource, const ObjectKey& key) const;
  std::vector<Json> List(const Resource& resource, const std::string& namespace_ = "") const;
  // Creates or replaces, status included (what controllers and kubelets do). Returns it as stored.
  Json Put(const Resource& resource, Json object);
  // Edits an object in place; false if there is none.
  bool Edit(const Resource& resource, const ObjectKey& key, const std::function<void(Json&)>& edit);
  bool Remove(const Resource& resource, const ObjectKey& key);
  // Deletes what has an owner reference to a UID that no longer exists; returns how many. Repeats
  // until none is left.
  int CollectGarbage();
  // Forgets history: versions before now answer 410, also in open watches if `break_watches`.
  void Compact(bool break_watches = false);
  // Sends a bookmark into every open watch.
  void Bookmark();
  // Ends (in good order) or breaks every open watch.
  void CloseWatches(bool cleanly = true);
  std::string ResourceVersion() const;

  // ---- What was asked ----

  struct Recorded {
    Request request;
    int status = 0;        // 0: the client got no answer
    bool changed = false;  // something was written
  };
  std::vector<Recorded> requests() const;
  // Requests that changed something, as "PATCH /apis/…?fieldManager=…".
  std::vector<std::string> writes() const;
  void ClearRequests();
  // Waits until every open watch has been given all events so far; false after `deadline`.
  bool WaitForWatchers(Duration deadline);
  std::size_t open_watches() const;

  // ---- Faults ----

  struct Match {
    std::string method = {};         // "" any; "WATCH" for streams
    std::string path_contains = {};  // "" any
    int after = 0;                   // let so many matching requests pass first
    int times = 1;                   // < 0: for ever
  };
  // Matching requests get this HTTP status with a Status body of that code and do nothing.
  void FailNext(Match match, int status, std::string reason = "");
  // Matching requests end in kUnavailable: before the server did the work, or after.
  void DropNext(Match match, bool after_work = false);
  // Called before every request is handled, without a lock held. A simulation throws its crash from
  // here.
  void OnRequest(std::function<void(const Request&)> hook);
  // Lists and gets answer from the state at this version until it is cleared with "".
  void FreezeReads(const std::string& resource_version);
  void ClearFaults();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> impl_;
};

}  // namespace sb::kube
