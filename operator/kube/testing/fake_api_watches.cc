// Watches of the fake API server.
#include <algorithm>
#include <chrono>
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostAtOnce = 64 << 10;

std::string Line(const char* type, const std::string& object) {
  return std::string(R"({"type":")") + type + R"(","object":)" + object + "}\n";
}

std::string ErrorLine(const Json& status) { return Line("ERROR", status.dump()); }

Json ExpiredStatus() { return StatusBody(410, "Expired", "too old resource version"); }

}  // namespace

// One stream. All its functions but Run are called with the server's lock held.
class FakeApiServer::Implementation::Watch {
 public:
  Watch(Implementation& server, const FakeRoute& route, FakeSelection selection,
        const Request& request, const StreamHandlers& handlers, std::stop_token stop)
      : server_(server),
        route_(route),
        selection_(std::move(selection)),
        handlers_(handlers),
        stop_(std::move(stop)),
        metadata_only_(WantsMetadataOnly(request)),
        bookmarks_(QueryValue(request, "allowWatchBookmarks") == "true") {
    const std::uint64_t asked = Number(QueryValue(request, "timeoutSeconds"));
    deadline_ = Now() + (asked > 0 ? Duration(std::chrono::seconds(asked)) : Duration(30min));
  }

  // Why the watch is not accepted, if so.
  std::optional<Response> LockedBegin(const Request& request);
  Expected<Response> Run(std::unique_lock<std::mutex>& lock);

 private:
  using Closing = Watcher::Closing;

  TimePoint Now() const {
    return server_.idle ? server_.clock.Now() : std::chrono::steady_clock::now();
  }
  // Up to which version it may be told of.
  std::uint64_t LockedVisible() {
    return server_.traits.watch_cache ? server_.LockedCacheVersion() : server_.etcd.version();
  }
  void LockedState(std::uint64_t version);
  void LockedChanges();
  void LockedBookmarks();
  void LockedDescribe(const HistoryEntry& entry);
  std::string BookmarkLine(bool ends_initial_events) const;
  void LockedScheduleBookmark();
  // Waits for news, or until the stream is over for a reason other than those: then it says why.
  std::optional<Expected<Response>> LockedWait(std::unique_lock<std::mutex>& lock);

  Implementation& server_;
  const FakeRoute route_;
  const FakeSelection selection_;
  const StreamHandlers& handlers_;
  const std::stop_token stop_;
  const bool metadata_only_;
  const bool bookmarks_;
  const Response head_{200, {{"Transfer-Encoding", "chunked"}}, ""};
  TimePoint deadline_;
  TimePoint last_bytes_;
  TimePoint next_bookmark_;
  std::uint64_t begins_ = 0;   // tells of nothing up to this version
  std::uint64_t reached_ = 0;  // has told of everything up to this version
  std::string text_;           // to be sent
  bool ends_at_once_ = false;
  std::list<Watcher>::iterator self_;
};

std::optional<Response> FakeApiServer::Implementation::Watch::LockedBegin(const Request& request) {
  using StreamingLists = FakeServerTraits::StreamingLists;
  const StreamingLists known = server_.traits.streaming_lists;
  const std::string asked = QueryValue(request, "resourceVersion");
  const std::string initial = QueryValue(request, "sendInitialEvents");
  const std::string match = QueryValue(request, "resourceVersionMatch");
  if (known != StreamingLists::kIgnored && (!initial.empty() || !match.empty())) {
    if (known == StreamingLists::kRefused) {
      return StatusResponse(422, "Invalid",
                            "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for "
                            "watch unless the WatchList feature gate is enabled");
    }
    if (initial.empty() || match != "NotOlderThan") {
      return StatusResponse(422, "Invalid",
                            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
                            "resourceVersionMatch to NotOlderThan");
    }
  }
  const bool streams_list = initial == "true" && known != StreamingLists::kIgnored;
  if (streams_list) {
    if (asked.empty()) server_.cache_reached = server_.etcd.version();  // it waits for its cache
    reached_ = LockedVisible();
    if (Number(asked) > reached_) {
      text_ = ErrorLine(TooLargeStatus(Number(asked)));
      ends_at_once_ = true;
      return std::nullopt;
    }
    LockedState(reached_);
    if (known != StreamingLists::kNeverMarked) text_ += BookmarkLine(true);
  } else if (asked.empty() || asked == "0") {
    reached_ = LockedVisible();
    LockedState(reached_);
  } else {
    reached_ = Number(asked);
    if (server_.LockedIsGone(route_.collection, reached_)) {
      if (server_.traits.gone_by_status) return JsonResponse(410, ExpiredStatus());
      text_ = ErrorLine(ExpiredStatus());
      ends_at_once_ = true;
    }
  }
  begins_ = reached_;
  return std::nullopt;
}

void FakeApiServer::Implementation::Watch::LockedState(std::uint64_t version) {
  for (const RevisionPtr& revision : server_.etcd.ListAt(route_.collection, version)) {
    if (selection_.Has(revision)) text_ += Line("ADDED", revision->Text(metadata_only_));
  }
}

void FakeApiServer::Implementation::Watch::LockedChanges() {
  const std::uint64_t visible = LockedVisible();
  const FakeEtcd::History& history = server_.etcd.HistoryOf(route_.collection);
  for (auto entry = FakeEtcd::After(history, reached_);
       entry != history.end() && entry->version <= visible; ++entry) {
    if (text_.size() >= kMostAtOnce) return;
    reached_ = entry->version;
    LockedDescribe(*entry);
  }
  reached_ = std::max(reached_, visible);
}

void FakeApiServer::Implementation::Watch::LockedDescribe(const HistoryEntry& entry) {
  const bool was = selection_.Has(entry.before);
  const bool is = selection_.Has(entry.after);
  if (is) {
    text_ += Line(was ? "MODIFIED" : "ADDED", entry.after->Text(metadata_only_));
  } else if (was) {
    // An object that no longer matches is "deleted" for this watch.
    Json last = entry.before->Rendered();
    last["metadata"]["resourceVersion"] = std::to_string(entry.version);
    text_ += Line("DELETED", (metadata_only_ ? AsPartialObject(last) : last).dump());
  }
}

std::string FakeApiServer::Implementation::Watch::BookmarkLine(bool ends_initial_events) const {
  Json metadata{{"resourceVersion", std::to_string(reached_)}, {"creationTimestamp", nullptr}};
  if (ends_initial_events) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  Json bookmark{{"kind", server_.etcd.KindOf(route_.collection)},
                {"apiVersion", route_.api_version},
                {"metadata", std::move(metadata)}};
  return Line("BOOKMARK", (metadata_only_ ? AsPartialObject(bookmark) : bookmark).dump());
}

void FakeApiServer::Implementation::Watch::LockedBookmarks() {
  for (; self_->bookmarks > 0; --self_->bookmarks) {
    // As the real one: a watch from a version that lies ahead is told nothing, not even that.
    if (bookmarks_ && LockedVisible() > begins_) text_ += BookmarkLine(false);
  }
}

void FakeApiServer::Implementation::Watch::LockedScheduleBookmark() {
  const Duration interval = server_.traits.bookmark_interval;
  next_bookmark_ = deadline_;
  if (interval <= Duration::zero()) return;
  const TimePoint now = Now();
  const TimePoint last = deadline_ - 2s;  // so that the next watch begins as late as can be
  next_bookmark_ = now + interval < last || now >= last ? now + interval : last;
}

std::optional<Expected<Response>> FakeApiServer::Implementation::Watch::LockedWait(
    std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const Duration patience = handlers_.idle_deadline();
  lock.lock();
  const TimePoint until = std::min(deadline_, next_bookmark_);
  const bool gives_up = patience < until - last_bytes_;
  const TimePoint wake = gives_up ? last_bytes_ + patience : until;
  const auto news = [&] {
    return LockedVisible() > reached_ || self_->bookmarks > 0 || self_->closing != Closing::kNo;
  };
  if (server_.idle) {
    if (!news() && !stop_.stop_requested()) {
      const auto idle = server_.idle;
      lock.unlock();
      idle(wake);
      lock.lock();
    }
  } else {
    server_.changed.wait_until(lock, stop_, wake, news);
  }
  if (stop_.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  if (news()) return std::nullopt;
  const TimePoint now = Now();
  if (now >= deadline_) return head_;  // timeoutSeconds have passed
  if (now - last_bytes_ >= patience) return Fail(ErrorCode::kDeadlineExceeded, "silence");
  if (now >= next_bookmark_) {
    ++self_->bookmarks;
    LockedScheduleBookmark();
  }
  return std::nullopt;
}

Expected<Response> FakeApiServer::Implementation::Watch::Run(std::unique_lock<std::mutex>& lock) {
  self_ = server_.watchers.insert(server_.watchers.end(), Watcher{begins_, 0, Closing::kNo});
  struct Leave {
    Watch& watch;
    std::unique_lock<std::mutex>& lock;
    ~Leave() {
      if (!lock.owns_lock()) lock.lock();
      watch.server_.watchers.erase(watch.self_);
      watch.server_.changed.notify_all();
    }
  } leave{*this, lock};
  lock.unlock();
  if (handlers_.on_open) handlers_.on_open(head_);
  lock.lock();
  last_bytes_ = Now();
  LockedScheduleBookmark();
  for (;;) {
    const Closing closing = ends_at_once_ ? Closing::kCleanly : self_->closing;
    // A server that dies takes with it what it has not sent.
    if (closing == Closing::kBroken) return Fail(ErrorCode::kUnavailable, "the connection broke");
    if (!ends_at_once_ && closing != Closing::kGone) LockedChanges();
    LockedBookmarks();
    if (closing == Closing::kGone) text_ += ErrorLine(ExpiredStatus());
    if (!text_.empty()) {
      const std::string text = std::exchange(text_, {});
      lock.unlock();
      const bool more = handlers_.on_data(text);
      lock.lock();
      last_bytes_ = Now();
      if (!more) return head_;
    }
    self_->delivered = reached_;
    server_.changed.notify_all();
    if (closing != Closing::kNo) return head_;
    if (auto over = LockedWait(lock)) return std::move(*over);
  }
}

std::uint64_t FakeApiServer::Implementation::LockedCacheVersion() {
  const std::uint64_t behind =
      etcd.version() > traits.cache_lag ? etcd.version() - traits.cache_lag : 1;
  // It cannot show a state from before its history, and does not unlearn.
  cache_reached = std::max({cache_reached, behind, std::min(etcd.compacted(), etcd.version())});
  return cache_reached;
}

bool FakeApiServer::Implementation::LockedIsGone(const std::string& collection,
                                                 std::uint64_t version) const {
  if (version < etcd.compacted()) return true;
  if (!traits.watch_cache) return false;
  if (version < cache_began) return true;
  if (!traits.watch_window) return false;
  const FakeEtcd::History& history = etcd.HistoryOf(collection);
  const auto known = history.end() - FakeEtcd::After(history, cache_began);
  const auto window = static_cast<std::ptrdiff_t>(*traits.watch_window);
  // Whoever has seen the last change that fell out of the window has missed nothing.
  return known > window && version < (history.end() - window - 1)->version;
}

Expected<Response> FakeApiServer::Stream(const Request& request, const StreamHandlers& handlers,
                                         std::stop_token stop) {
  if (!handlers.live) {  // a list
    auto response = Send(request, Duration::max(), stop);
    if (!response || response->status != 200) return response;
    if (handlers.on_open) handlers.on_open(*response);
    handlers.on_data(std::exchange(response->body, {}));
    return response;
  }
  std::unique_lock lock(impl_->server_mutex);
  const auto route = ParseRoute(request.path);
  const auto fault = impl_->LockedFault("WATCH", request.path);
  const auto answer = [&](Response response) {
    impl_->requests.push_back({request, response.status, false});
    return response;
  };
  if (fault && fault->status == 0) {
    impl_->requests.push_back({request, 0, false});
    return Fail(ErrorCode::kUnavailable, "the connection broke");
  }
  if (fault) return answer(fault->Answer());
  if (!route) {
    return answer(
        StatusResponse(404, "NotFound", "the server could not find the requested resource"));
  }
  auto selection = FakeSelection::Of(*route, request);
  if (!selection) {
    return answer(StatusResponse(400, "BadRequest", "unable to parse the selector"));
  }
  Implementation::Watch watch(*impl_, *route, std::move(*selection), request, handlers, stop);
  if (auto refused = watch.LockedBegin(request)) return answer(std::move(*refused));
  impl_->requests.push_back({request, 200, false});
  return watch.Run(lock);
}

}  // namespace sb::kube
