// An API server in memory, behind the Transport interface: for simulations of a whole operator, and
// for tests of this library. It keeps what the real one promises as far as a controller can tell:
// - one counter of resource versions; uid, creationTimestamp, generation (bumped when something
//   outside metadata and status changes, for every kind that has a spec);
// - lists and watches with label and field selectors, as full objects or as PartialObjectMetadata;
//   resourceVersion, resourceVersionMatch, limit, continue and sendInitialEvents mean what the
//   Kubernetes documentation ("Resource versions", "Streaming lists") says they mean;
// - a watch cache with a window of history, which may lag, restart, or be off (FakeServerTraits);
// - POST, PUT with resourceVersion, merge and JSON patches, server-side apply, DELETE with
//   preconditions, finalizers, owner references (CollectGarbage), the status subresource for every
//   kind, PUT of the scale subresource;
// - server-side apply subset: deep merge; lists of maps merge by name, else by containerPort or
//   port, type, key, ip, else are replaced. Ownership is kept per leaf field: conflicts without
//   force, removal of fields that a manager no longer applies, and no write at all if nothing
//   changes.
//
//   FakeApiServer server;
//   Client client(server);
//   server.Put(object);                                // as somebody else
//   server.FailNext({.method = "PATCH", .after = 2}, 500);   // the third PATCH from now
//
// Kinds need no registration: the plural and the group version in the path name them. Thread-safe.
//
// Streams wait on real time. With OnIdle they never wait: a hook lets virtual time pass instead, so
// that server, client and the rest of the world run on one thread and on one clock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/time.h"
#include "operator/kube/resource.h"
#include "operator/kube/transport.h"

namespace sb::kube {

// What kind of server it is. The default is one that never forgets and never lags.
struct FakeServerTraits {
  // Off: lists at version 0 honour `limit`, and watches come from etcd.
  bool watch_cache = true;
  // How many of a kind's last changes a watch may still begin before; older versions are Gone.
  std::optional<std::size_t> watch_window = {};
  // By how many versions the cache is behind: what watches, and lists that allow it, do not see
  // yet. A version that it has not reached is too large for it.
  std::uint64_t cache_lag = 0;
  // A watch from a version that is Gone is refused by its HTTP status. Else it is accepted and its
  // first event is the error, as servers with a watch cache do it.
  bool gone_by_status = false;
  enum class StreamingLists {
    kSupported,
    kRefused,      // the feature is off
    kIgnored,      // a server so old that it does not know the parameter
    kNeverMarked,  // initial events come, the mark never does (proxies; antrea#8123)
  };
  StreamingLists streaming_lists = StreamingLists::kSupported;
  // Between bookmarks of watches that allow them; there is another one 2 s before a watch's end.
  // Zero: only those of Bookmark().
  Duration bookmark_interval = {};
  // > 0: so many empty pages come before each page that a `continue` token asks for.
  int empty_pages = 0;
  // Off: no managedFields, and an apply never conflicts. A write then takes a few microseconds.
  bool field_owners = true;
};

class FakeApiServer : public Transport {
 public:
  explicit FakeApiServer(const Clock& clock = SystemClock(), FakeServerTraits traits = {});
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
  std::string ResourceVersion() const;

  // Forgets history: versions before now answer 410, also in open watches if `break_watches`.
  void Compact(bool break_watches = false);
  // Forgets all history but the last `versions`; open watches that are not so far get 410.
  void CompactAllBut(std::uint64_t versions);
  // So many writes to kinds that nobody here looks at.
  void SkipVersions(std::uint64_t count);
  // Sends a bookmark into every open watch that allows them.
  void Bookmark();
  // Ends (in good order) or breaks every open watch.
  void CloseWatches(bool cleanly = true);
  // Another API server in front of the same etcd: streams break, and its watch cache begins at the
  // version that it starts with, so that a watch from any earlier one is Gone. Scripted faults
  // stay.
  void Restart();
  void Become(const FakeServerTraits& traits);

  // What etcd holds, to come back to.
  class Backup {
   public:
    Backup();
    ~Backup();
    Backup(const Backup&);
    Backup& operator=(const Backup&);

   private:
    friend class FakeApiServer;
    struct Content;
    std::shared_ptr<const Content> content_;
  };
  Backup BackUp() const;
  // etcd restored, and the API server restarted. Versions go back to those of the backup, unless
  // `bump` > 0 (etcdutl --bump-revision --mark-compacted): then they go on that much further.
  void Restore(const Backup& backup, std::uint64_t bump = 0);

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
  // Waits until at least `open` watches are open and each has taken all events so far, which means
  // that its observer has returned; false after `deadline`.
  bool WaitForWatchers(Duration deadline, std::size_t open = 0);
  std::size_t open_watches() const;

  // ---- Faults ----

  struct Match {
    std::string method = {};         // "" any; "WATCH" for streams
    std::string path_contains = {};  // "" any
    int after = 0;                   // let so many matching requests pass first
    int times = 1;                   // < 0: for ever
  };
  // Matching requests get this HTTP status with a Status body of that code and do nothing.
  // `retry_after_s` > 0: with that Retry-After.
  void FailNext(Match match, int status, std::string reason = "", int retry_after_s = 0);
  // Matching requests end in kUnavailable: before the server did the work, or after.
  void DropNext(Match match, bool after_work = false);
  // Called before every request is handled, without a lock held. A simulation throws its crash from
  // here.
  void OnRequest(std::function<void(const Request&)> hook);
  // Lists and gets answer from the state at this version until it is cleared with "".
  void FreezeReads(const std::string& resource_version);
  void ClearFaults();

  // ---- Virtual time ----

  // Instead of waiting, a stream calls this, without a lock held, until it has something to say or
  // its time is over: the hook lets the clock that the server was made with move on to whatever
  // happens next, but not beyond `until`. Set before the first stream.
  void OnIdle(std::function<void(TimePoint until)> hook);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> impl_;
};

}  // namespace sb::kube
