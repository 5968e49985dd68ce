// Keeps a Store equal to what the API server has of one kind: lists, watches, resumes, relists.
//
//   Informer deployments(client, {.resource = Deployments(), .label_selector = "app=x"},
//                        [&](const ObjectKey& key, ObjectPtr old, ObjectPtr now) {
//                          queue.Add(OwnerOf(key));
//                        });
//   deployments.Start();
//   if (!deployments.WaitForSync(30s, stop)) …deployments.LastError()…
//
// One thread each. on_change runs on it, after the store has changed, in the order of events of
// each object; it must not block (it enqueues a key). Errors never end it: it backs off and goes on
// until Stop, so that an operator recovers from lost permissions and deleted definitions by itself.
//
// Own writes: the cache lags behind them. NoteWritten(answer) shows the written object at once;
// watch events older than it are then ignored. The event of the write itself still calls on_change.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/error.h"
#include "common/time.h"
#include "operator/kube/client.h"
#include "operator/kube/object_decoder.h"
#include "operator/kube/projection.h"
#include "operator/kube/resource.h"
#include "operator/kube/store.h"
#include "operator/kube/watcher.h"

namespace sb::kube {

class Metrics;

// What an informer has just done, for those who check on it: tests, soaks, logs.
struct WatchNote {
  enum class Kind {
    kListed,  // a list is in the store, at resource_version
    kEvent,   // an object's event is in the store
    kOpened,  // a watch was accepted; resource_version is where it begins
    kEnded,   // a watch ended in good order
    kFailed,  // a list or watch failed; `error` is set
  };
  Kind kind;
  std::string_view resource_version = {};
  EventType type = EventType::kAdded;                     // kEvent
  std::string_view namespace_ = {}, name = {}, uid = {};  // kEvent
  const Error* error = nullptr;
};

struct InformerOptions {
  Resource resource = {};
  std::string namespace_ = {};  // "" for all
  std::string label_selector = {};
  std::string field_selector = {};
  // The server sends and the cache holds apiVersion, kind and metadata only.
  bool metadata_only = false;
  Projection projection = WithoutNoise();
  std::map<std::string, IndexFunction> indexes = {};
  WatcherConfig watcher = {};
  // Of the jitter of its delays; unset: another one each time. For simulations that must repeat.
  std::optional<std::uint32_t> seed = {};
  Metrics* metrics = nullptr;  // must outlive the informer
  // On the informer's thread. What a note points to is valid during the call.
  std::function<void(const WatchNote&)> observer = {};
};

class Informer {
 public:
  using OnChange =
      std::function<void(const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now)>;

  Informer(const Client& client, InformerOptions options, OnChange on_change,
           const Clock& clock = SystemClock());
  ~Informer();  // stops
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  void Start();
  // Instead of Start: the same on the calling thread, until `stop`. For simulations that own the
  // clock.
  void Run(std::stop_token stop);
  // Asks the thread to end without waiting, so that many informers stop at once.
  void RequestStop();
  // Ends and joins it. The store stays readable.
  void Stop();

  const Store& store() const { return store_; }
  const Resource& resource() const { return options_.resource; }
  // An index may be added while the informer runs.
  void AddIndex(const std::string& name, IndexFunction function);

  // True once the first list is in the store and on_change has been called for each of its objects.
  bool WaitForSync(Duration deadline, std::stop_token stop = {}) const;
  bool Synced() const { return synced_; }
  // Waits until every change up to `resource_version` is in the store and has been announced; false
  // after `deadline`. Read-your-writes for those who wait; see NoteWritten for those who do not.
  bool WaitForVersion(std::string_view resource_version, Duration deadline,
                      std::stop_token stop = {}) const;

  // Why the last list or watch failed; nothing while it works.
  std::optional<Error> LastError() const;

  // See above. `object` is the server's answer to a write; thread-safe.
  void NoteWritten(const Json& object);

 private:
  WatchInput ListPage(const ListCommand& command, std::stop_token stop);
  WatchInput CheckVersion(std::stop_token stop);
  Step Watch(WatchState state, const WatchCommand& command, std::stop_token stop);
  void Stage(const ObjectDecoder::Event& event);
  void Handle(const ObjectDecoder::Event& event);
  void Commit(std::string_view resource_version);
  void Announce(const std::vector<Change>& changes);
  void Note(const WatchNote& note) const;
  void NoteFailure(const Error& error);
  void NoteSuccess();
  void NoteProgress();

  const Client& client_;
  const InformerOptions options_;
  const OnChange on_change_;
  const Clock& clock_;
  Store store_;
  StoreWriter writer_;
  ObjectDecoder decoder_;
  std::atomic<bool> synced_ = false;
  mutable std::atomic<int> version_waiters_ = 0;
  mutable std::mutex status_mutex_;
  mutable std::condition_variable_any status_changed_;
  std::optional<Error> last_error_;
  std::jthread thread_;
};

}  // namespace sb::kube
