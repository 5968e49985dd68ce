#include "operator/kube/informer.h"

#include <gtest/gtest.h>

#include <map>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_transport.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

Json Pod(const std::string& name, const std::string& app = "todo") {
  return {{"metadata", {{"name", name}, {"namespace", "ns"}, {"labels", {{"app", app}}}}},
          {"spec", {{"node", "n"}}}};
}

// Short delays: these tests wait for real threads.
InformerOptions Options(const std::string& selector = "") {
  InformerOptions options;
  options.resource = Pods();
  options.label_selector = selector;
  options.indexes = {{"app", IndexByLabel("app")}};
  options.watcher.backoff = {.base = 1ms, .factor = 1.0, .cap = 1ms, .jitter = 0.1};
  options.watcher.very_short_watch = 0ms;
  return options;
}

class InformerTest : public testing::Test {
 protected:
  void Start(InformerOptions options = Options()) {
    informer_ = std::make_unique<Informer>(
        client_, std::move(options),
        [this](const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now) {
          std::lock_guard lock(log_mutex_);
          log_ += (!old ? "+" : !now ? "-" : "~") + key.name + " ";
          changed_.notify_all();
        });
    informer_->Start();
  }

  // Waits until `done` holds, looking again after each change.
  template <typename Predicate>
  bool Eventually(Predicate done) {
    std::unique_lock lock(log_mutex_);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      changed_.wait_for(lock, 2ms);
    }
    return true;
  }

  // Whether cache and server agree, versions included.
  bool Equal() {
    std::map<ObjectKey, std::string> cached, served;
    for (const auto& object : informer_->store().List())
      cached[object->key()] = object->resource_version();
    for (const Json& object : server_.List(Pods()))
      served[KeyOf(object)] = ResourceVersionOf(object);
    return cached == served;
  }

  int Requests(const std::string& part) {
    int count = 0;
    for (const auto& recorded : server_.requests()) {
      if (Target(recorded.request).find(part) != std::string::npos) ++count;
    }
    return count;
  }

  FakeApiServer server_;
  Client client_{server_};
  std::mutex log_mutex_;
  std::condition_variable changed_;
  std::string log_;
  std::unique_ptr<Informer> informer_;
};

TEST_F(InformerTest, FollowsEveryChange) {
  server_.Put(Pods(), Pod("a"));
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  EXPECT_EQ(log_, "+a ");
  server_.Put(Pods(), Pod("b"));
  server_.Edit(Pods(), {"ns", "a"}, [](Json& pod) { pod["status"]["phase"] = "Running"; });
  server_.Remove(Pods(), {"ns", "b"});
  ASSERT_TRUE(Eventually([&] { return log_ == "+a +b ~a -b "; })) << log_;
  EXPECT_TRUE(Equal());
  EXPECT_EQ(informer_->store().ByIndex("app", "ns/todo").size(), 1u);
  EXPECT_EQ(informer_->LastError(), std::nullopt);
}

TEST_F(InformerTest, ResumesAfterLostConnectionsWithoutListingAgain) {
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  for (int i = 0; i < 20; ++i) {
    server_.Put(Pods(), Pod("p" + std::to_string(i)));
    server_.CloseWatches(i % 2 == 0);
    server_.Put(Pods(), Pod("q" + std::to_string(i)));
  }
  ASSERT_TRUE(Eventually([&] { return informer_->store().size() == 40u; }))
      << informer_->store().size();
  EXPECT_TRUE(Equal());
  EXPECT_EQ(Requests("resourceVersion=0"), 1);
}

TEST_F(InformerTest, ListsAgainAfterCompactionAndFindsWhatVanished) {
  server_.Put(Pods(), Pod("a"));
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  ASSERT_TRUE(Eventually([&] { return server_.open_watches() == 1; }));
  server_.DropNext({.method = "WATCH", .times = 3});
  server_.CloseWatches(false);
  server_.Remove(Pods(), {"ns", "a"});
  server_.Put(Pods(), Pod("b"));
  server_.Compact();
  ASSERT_TRUE(Eventually([&] { return Equal() && informer_->store().size() == 1; }));
  server_.Put(Pods(), Pod("c"));
  server_.Compact(true);  // an ERROR event in the stream
  server_.Remove(Pods(), {"ns", "b"});
  ASSERT_TRUE(Eventually([&] { return Equal() && informer_->store().size() == 1; }));
}

TEST_F(InformerTest, SurvivesRefusalsAndSaysWhy) {
  server_.FailNext({.method = "GET", .times = 3}, 403, "Forbidden");
  server_.FailNext({.method = "WATCH", .times = 2}, 410, "Expired");
  server_.FailNext({.method = "WATCH", .times = 2}, 429, "TooManyRequests");
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  ASSERT_TRUE(Eventually([&] { return server_.open_watches() == 1; }));
  server_.Put(Pods(), Pod("a"));
  ASSERT_TRUE(Eventually([&] { return informer_->store().size() == 1; }));
  EXPECT_EQ(informer_->LastError(), std::nullopt);
  server_.FailNext({.method = "GET", .times = -1}, 403, "Forbidden");
  server_.FailNext({.method = "WATCH", .times = -1}, 403, "Forbidden");
  server_.CloseWatches(false);
  ASSERT_TRUE(Eventually([&] {
    const auto error = informer_->LastError();
    return error && error->code == ErrorCode::kPermissionDenied;
  }));
  EXPECT_TRUE(informer_->Synced()) << "what it knew stays readable";
}

TEST_F(InformerTest, AnObjectThatLosesItsLabelIsGone) {
  server_.Put(Pods(), Pod("a"));
  server_.Put(Pods(), Pod("b", "other"));
  Start(Options("app=todo"));
  ASSERT_TRUE(informer_->WaitForSync(10s));
  EXPECT_EQ(informer_->store().size(), 1u);
  server_.Edit(Pods(), {"ns", "a"}, [](Json& pod) { pod["metadata"]["labels"]["app"] = "x"; });
  ASSERT_TRUE(Eventually([&] { return informer_->store().size() == 0; }));
  server_.Edit(Pods(), {"ns", "b"}, [](Json& pod) { pod["metadata"]["labels"]["app"] = "todo"; });
  ASSERT_TRUE(Eventually([&] { return informer_->store().size() == 1; }));
}

TEST_F(InformerTest, DeletedAndMadeAgainBetweenTwoWatchesIsTheNewObject) {
  const Json first = server_.Put(Pods(), Pod("a"));
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  server_.DropNext({.method = "WATCH", .times = 2});
  server_.CloseWatches(false);
  server_.Remove(Pods(), {"ns", "a"});
  const Json second = server_.Put(Pods(), Pod("a"));
  ASSERT_NE(UidOf(first), UidOf(second));
  ASSERT_TRUE(Eventually([&] {
    const ObjectPtr held = informer_->store().Get({"ns", "a"});
    return held && held->uid() == UidOf(second);
  }));
}

TEST_F(InformerTest, ShowsOwnWritesAtOnce) {
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  const auto created = client_.Create(Pods(), Pod("a"), "me");
  ASSERT_TRUE(created);
  informer_->NoteWritten(*created);
  EXPECT_TRUE(informer_->store().Get({"ns", "a"}));
  ASSERT_TRUE(Eventually([&] { return !log_.empty(); })) << "the event still comes";
}

TEST_F(InformerTest, ReadsPages) {
  for (int i = 0; i < 25; ++i) server_.Put(Pods(), Pod("p" + std::to_string(i)));
  InformerOptions options = Options();
  options.watcher.page_limit = 10;
  // The first list is answered whole by the watch cache; a refusal of it makes the next one paged.
  server_.FailNext({.method = "GET"}, 410, "Expired");
  Start(options);
  ASSERT_TRUE(informer_->WaitForSync(10s));
  EXPECT_EQ(informer_->store().size(), 25u);
  EXPECT_EQ(Requests("continue="), 2);
}

// At once: not when what it is in the middle of has an end, which is minutes away.
TEST_F(InformerTest, StopsAtOnceInEveryState) {
  Start();
  ASSERT_TRUE(informer_->WaitForSync(10s));
  auto before = std::chrono::steady_clock::now();
  informer_->Stop();  // while watching
  EXPECT_LT(std::chrono::steady_clock::now() - before, 60s);
  server_.FailNext({.times = -1}, 500);
  InformerOptions options = Options();
  options.watcher.backoff = {.base = 1h, .cap = 1h};
  Start(options);
  ASSERT_TRUE(Eventually([&] { return informer_->LastError().has_value(); }));
  before = std::chrono::steady_clock::now();
  informer_->Stop();  // while backing off
  EXPECT_LT(std::chrono::steady_clock::now() - before, 60s);
}

TEST(InformerStream, SkipsWhatItDoesNotKnowAndStopsTrustingBrokenLines) {
  FakeTransport transport;
  const std::string list = R"({"items":[],"metadata":{"resourceVersion":"5"}})";
  transport.Answer(200, list);
  transport.Play(
      {R"({"type":"SPARKLE","object":{"metadata":{"name":"x","resourceVersion":"900"}}})",
       R"({"type":"ADDED","object":{"kind":"Table","rows":[]}})", R"({"type":"ADDED"})",
       R"({"type":"ADDED","object":{"metadata":{"name":"a","namespace":"ns","resourceVersion":"6"}}})",
       R"({"type":"ADDED","object":{"meta)"});
  transport.Answer(200,
                   R"({"items":[{"metadata":{"name":"b","namespace":"ns","resourceVersion":"7"}}],)"
                   R"("metadata":{"resourceVersion":"8"}})");
  Client client(transport);
  std::mutex mutex;
  std::condition_variable changed;
  std::string log;
  Informer informer(client, Options(),
                    [&](const ObjectKey& key, const ObjectPtr&, const ObjectPtr& now) {
                      std::lock_guard lock(mutex);
                      log += (now ? "+" : "-") + key.name;
                      changed.notify_all();
                    });
  informer.Start();
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return log == "+a-a+b"; })) << log;
  lock.unlock();
  informer.Stop();
  EXPECT_EQ(Target(transport.requests()[2]), "/api/v1/pods?resourceVersion=6");
}

}  // namespace
}  // namespace sb::kube
