// For tests of the client from the socket up.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "operator/kube/client.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/informer.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_http_server.h"
#include "operator/kube/testing/faulty_transport.h"

namespace sb::kube {

inline Json WirePod(const std::string& name, const std::string& text = "x") {
  return {{"metadata", {{"name", name}, {"namespace", "ns"}}}, {"spec", {{"text", text}}}};
}

inline std::unique_ptr<Transport> ConnectTo(const std::string& url, ClusterConfig config = {},
                                            const Clock& clock = SystemClock()) {
  config.server = url;
  auto transport = MakeTransport(config, clock);
  if (!transport) {
    ADD_FAILURE() << transport.error().message;
    std::abort();
  }
  return std::move(*transport);
}

// An informer that waits for nothing longer than a test may.
class Follower {
 public:
  Follower(Transport& transport, InformerOptions options = {}) : client_(transport, Quick()) {
    using namespace std::chrono_literals;
    options.resource = Pods();
    options.watcher.backoff = {.base = 1ms, .factor = 1.5, .cap = 50ms, .jitter = 0.5};
    options.watcher.very_short_watch = 0ms;
    options.watcher.idle_after_bookmark = 400ms;
    options.watcher.watch_timeout_min_s = options.watcher.watch_timeout_max_s = 1;
    options.watcher.idle_beyond_timeout = -600ms;
    options.observer = [this, also = options.observer](const WatchNote& note) {
      if (also) also(note);
      std::lock_guard lock(notes_mutex_);
      ++notes_[note.kind];
      if (note.error) last_error_ = note.error->message;
      noted_.notify_all();
    };
    informer_ = std::make_unique<Informer>(client_, std::move(options), nullptr);
    informer_->Start();
  }

  static ClientOptions Quick() { return {.deadline = std::chrono::milliseconds(500)}; }

  template <typename Predicate>
  bool Eventually(Predicate done) {
    std::unique_lock lock(notes_mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      noted_.wait_for(lock, std::chrono::milliseconds(5));
    }
    return true;
  }
  bool Follows(FakeApiServer& server) {
    return Eventually([&] { return Cached() == Served(server); });
  }
  int count(WatchNote::Kind kind) {
    std::lock_guard lock(notes_mutex_);
    return notes_[kind];
  }
  std::string last_error() {
    std::lock_guard lock(notes_mutex_);
    return last_error_;
  }
  Informer& informer() { return *informer_; }

 private:
  std::map<ObjectKey, std::string> Cached() const {
    std::map<ObjectKey, std::string> cached;
    for (const ObjectPtr& object : informer_->store().List()) {
      cached[object->key()] = object->resource_version();
    }
    return cached;
  }
  static std::map<ObjectKey, std::string> Served(FakeApiServer& server) {
    std::map<ObjectKey, std::string> served;
    for (const Json& object : server.List(Pods())) {
      served[KeyOf(object)] = ResourceVersionOf(object);
    }
    return served;
  }

  Client client_;
  std::mutex notes_mutex_;
  std::condition_variable noted_;
  std::map<WatchNote::Kind, int> notes_;
  std::string last_error_;
  std::unique_ptr<Informer> informer_;
};

}  // namespace sb::kube
