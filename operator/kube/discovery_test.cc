#include "operator/kube/discovery.h"

#include <gtest/gtest.h>

#include <mutex>

#include "operator/kube/optional_informer.h"
#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

constexpr char kRoutes[] = "httproutes.gateway.networking.k8s.io";
constexpr char kMonitors[] = "servicemonitors.monitoring.coreos.com";

Response Answer(const Json& body) { return {200, {}, body.dump()}; }

// An API server that serves what its definitions define, as soon as `established`.
class Cluster : public Transport {
 public:
  Expected<Response> Send(const Request& request, Duration deadline,
                          std::stop_token stop) override {
    const std::string group = "/apis/gateway.networking.k8s.io";
    if (!request.path.starts_with(group)) return server.Send(request, deadline, stop);
    if (request.path.find("/v1/") != std::string::npos) {
      return server.Send(request, deadline, stop);
    }
    std::lock_guard lock(mutex);
    ++looked;
    const bool defined = server.Get(CustomResourceDefinitions(), {"", kRoutes}).has_value();
    if (!defined || !established) return Response{404, {}, "{}"};
    if (request.path == group) {
      return Answer({{"versions", {{{"version", "v1beta1"}}, {{"version", "v1"}}}},
                     {"preferredVersion", {{"version", "v1"}}}});
    }
    return Answer({{"resources",
                    {{{"name", "httproutes/status"}, {"kind", "HTTPRoute"}, {"namespaced", true}},
                     {{"name", "httproutes"}, {"kind", "HTTPRoute"}, {"namespaced", true}}}}});
  }
  Expected<Response> Stream(const Request& request, const StreamHandlers& handlers,
                            std::stop_token stop) override {
    return server.Stream(request, handlers, stop);
  }

  void Define() { server.Put(CustomResourceDefinitions(), {{"metadata", {{"name", kRoutes}}}}); }
  void Establish() {
    std::lock_guard lock(mutex);
    established = true;
  }

  FakeApiServer server;
  std::mutex mutex;
  bool established = true;
  int looked = 0;
};

class DiscoveryTest : public testing::Test {
 protected:
  void Start() { discovery_.Start(); }

  bool Said(const std::string& expected) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return said_ == expected; });
  }
  void Say(const std::string& what) {
    std::lock_guard lock(mutex_);
    said_ += what + " ";
    changed_.notify_all();
  }

  Cluster cluster_;
  Client client_{cluster_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string said_;
  OptionalInformer routes_{
      client_, {}, [this](const ObjectKey& key, const ObjectPtr&, const ObjectPtr& now) {
        Say((now ? "+" : "-") + key.name);
      }};
  Discovery discovery_{client_,
                       {kRoutes, kMonitors},
                       [this](const std::string& name, const std::optional<Resource>& served) {
                         if (name == kRoutes) {
                           Say(served ? served->ApiVersion() + "/" + served->kind : "none");
                           routes_.Follow(served);
                         }
                       }};
};

TEST_F(DiscoveryTest, AnApiAppearsAndDisappears) {
  Start();
  ASSERT_TRUE(discovery_.WaitForAnswers(10s));
  EXPECT_EQ(discovery_.Find(kRoutes), std::nullopt);
  EXPECT_TRUE(Said("none "));
  EXPECT_TRUE(routes_.Synced());
  EXPECT_TRUE(routes_.List().empty());

  cluster_.Define();
  const Resource routes{"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"};
  ASSERT_TRUE(Said("none gateway.networking.k8s.io/v1/HTTPRoute "));
  EXPECT_EQ(discovery_.Find(kRoutes), routes);
  cluster_.server.Put(routes, {{"metadata", {{"name", "a"}, {"namespace", "ns"}}}});
  ASSERT_TRUE(Said("none gateway.networking.k8s.io/v1/HTTPRoute +a "));
  EXPECT_TRUE(routes_.Get({"ns", "a"}));

  cluster_.server.Remove(CustomResourceDefinitions(), {"", kRoutes});
  ASSERT_TRUE(Said("none gateway.networking.k8s.io/v1/HTTPRoute +a none -a "))
      << "what it held is gone with it";
  EXPECT_EQ(discovery_.Find(kRoutes), std::nullopt);
  EXPECT_FALSE(routes_.IsServed());
}

TEST_F(DiscoveryTest, ADefinitionIsServedAMomentLater) {
  cluster_.established = false;
  cluster_.Define();
  Start();
  std::jthread server([&](std::stop_token stop) {
    for (int looked = 0; looked == 0 && !stop.stop_requested(); std::this_thread::yield()) {
      std::lock_guard lock(cluster_.mutex);
      looked = cluster_.looked;
    }
    cluster_.Establish();
  });
  EXPECT_TRUE(Said("gateway.networking.k8s.io/v1/HTTPRoute "));
}

TEST_F(DiscoveryTest, ANameThatIsNoNameIsRefused) {
  for (const char* name : {"pods", ".x", "x.", ""}) {
    const auto found = FindServed(client_, name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(DiscoveryTest, StopsAtOnceEvenIfItMayNotLook) {
  cluster_.server.FailNext({.times = -1}, 403, "Forbidden");
  Start();
  EXPECT_FALSE(discovery_.WaitForAnswers(10ms));
  const auto before = std::chrono::steady_clock::now();
  discovery_.Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

}  // namespace
}  // namespace sb::kube
