// An informer, a server and a network on virtual time, and a record of what is asked for when.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/kube/client.h"
#include "operator/kube/informer.h"
#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/faulty_transport.h"
#include "operator/kube/testing/virtual_time.h"

namespace sb::kube {

class InformerProtocolFixture : public testing::Test {
 protected:
  InformerProtocolFixture() {
    using namespace std::chrono_literals;
    server_.OnIdle([this](TimePoint until) { time_.PassUntilNext(until); });
    options_.resource = Pods();
    options_.watcher.backoff = {.base = 1s, .factor = 2, .cap = 30s, .jitter = 0};
    options_.watcher.watch_timeout_min_s = options_.watcher.watch_timeout_max_s = 200;
    options_.watcher.page_limit = 2;
    options_.observer = [this](const WatchNote& note) {
      if (note.error) errors_.push_back(note.error->code);
    };
  }

  // Lets the informer work for so long.
  void Run(Duration length) {
    if (!informer_) {
      informer_ = std::make_unique<Informer>(
          client_, options_,
          [this](const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now) {
            changes_ += (!old ? "+" : !now ? "-" : "~") + key.name + " ";
            if (on_change_) on_change_(old, now);
          },
          time_);
    }
    std::stop_source stop;
    time_.After(length, [stop]() mutable { stop.request_stop(); });
    informer_->Run(stop.get_token());
  }

  void At(Duration when, std::function<void()> what) { time_.At(begun_ + when, std::move(what)); }
  void Put(const std::string& name, const std::string& text = "") {
    server_.Put(Pods(),
                {{"metadata", {{"name", name}, {"namespace", "ns"}}}, {"spec", {{"text", text}}}});
  }
  void PutSomethingElse() { server_.Put(Services(), {{"metadata", {{"name", "s" + Version()}}}}); }
  std::string Version() const { return server_.ResourceVersion(); }

  std::string Cached() const {
    std::set<std::string> names;
    for (const ObjectPtr& object : informer_->store().List()) names.emplace(object->name());
    std::string text;
    for (const std::string& name : names) text += name;
    return text;
  }

  VirtualTime time_;
  const TimePoint begun_ = time_.Now();
  FakeApiServer server_{time_};
  std::function<Fault(const std::string& asked)> meet_;
  std::vector<std::string> asked_;  // "12s watch rv=5"
  FaultyTransport network_{server_,
                           [this](const Request& request) {
                             asked_.push_back(Show(request));
                             return meet_ ? meet_(asked_.back()) : Fault{};
                           },
                           time_};
  Client client_{network_};
  InformerOptions options_;
  std::vector<ErrorCode> errors_;
  std::string changes_;
  std::function<void(const ObjectPtr& old, const ObjectPtr& now)> on_change_;
  std::unique_ptr<Informer> informer_;

 private:
  std::string Show(const Request& request) const {
    std::map<std::string, std::string> query(request.query.begin(), request.query.end());
    const auto seconds = std::chrono::round<std::chrono::seconds>(time_.Now() - begun_).count();
    std::string text = std::to_string(seconds) + "s ";
    if (query.contains("watch")) {
      text += "watch rv=" + query["resourceVersion"];
      if (query.contains("sendInitialEvents")) text += " initial";
    } else if (query.contains("limit") && query["limit"] == "1") {
      text += "check";
    } else {
      text += query.contains("continue") ? "continue" : "list rv=" + query["resourceVersion"];
      if (query.contains("limit")) text += " limit=" + query["limit"];
    }
    return text;
  }
};

}  // namespace sb::kube
