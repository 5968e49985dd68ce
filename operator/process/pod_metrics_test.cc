// What metrics.k8s.io answers, and what is said where there is none.
#include "operator/process/pod_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/testing/fake_transport.h"

namespace sb::process {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const podmetrics::PodQuery kCpu{.namespace_name = "shop",
                                .backend = "todo",
                                .target = "worker/mail",
                                .reading = podmetrics::Reading::kResourcePercent,
                                .name = "cpu"};

Expected<std::map<std::string, podmetrics::Usage>> UsageFrom(int status, const Json& body) {
  kube::FakeTransport transport;
  transport.Answer(status, body.dump());
  const kube::Client client(transport);
  auto usage = UsageOf(client, kCpu);
  EXPECT_EQ(transport.requests().at(0).path, "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods");
  const std::vector<std::pair<std::string, std::string>> query = {
      {"labelSelector", "scalablebackend.io/name=todo,scalablebackend.io/worker=mail"}};
  EXPECT_EQ(transport.requests().at(0).query, query);
  return usage;
}

TEST(PodMetrics, UseOfEachContainer) {
  const Json list = {
      {"kind", "PodMetricsList"},
      {"apiVersion", "metrics.k8s.io/v1beta1"},
      {"metadata", Json::object()},
      {"items",
       {{{"metadata", {{"name", "a"}}},
         {"timestamp", "2026-11-24T12:00:00Z"},
         {"window", "1m15.5s"},
         {"containers",
          {{{"name", "worker"}, {"usage", {{"cpu", "250m"}, {"memory", "64Mi"}}}},
           {{"name", "proxy"}, {"usage", {{"cpu", "1500000n"}, {"memory", "8Mi"}}}}}}},
        {{"metadata", {{"name", "b"}}},
         {"timestamp", "2026-11-24T12:00:00Z"},
         {"window", "15s"},
         {"containers", {{{"name", "worker"}, {"usage", {{"memory", "64Mi"}}}}}}}}}};
  const auto usage = UsageFrom(200, list);
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_NEAR(usage->at("a").containers.at("worker"), 0.25, 1e-9);
  EXPECT_NEAR(usage->at("a").containers.at("proxy"), 0.0015, 0.001);
  EXPECT_EQ(usage->at("a").window, 75500ms);
  EXPECT_EQ(usage->at("a").at, *ParseTime("2026-11-24T12:00:00Z"));
  EXPECT_TRUE(usage->at("b").containers.empty()) << "without cpu it has no value";
}

TEST(PodMetrics, WithoutTheApiSaysWhatToInstall) {
  const auto usage = UsageFrom(404, {{"kind", "Status"}, {"reason", "NotFound"}, {"code", 404}});
  ASSERT_FALSE(usage);
  EXPECT_EQ(usage.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(usage.error().message, HasSubstr("install metrics-server"));
  const auto away =
      UsageFrom(503, {{"kind", "Status"}, {"reason", "ServiceUnavailable"}, {"code", 503}});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(away.error().message, HasSubstr("check metrics-server"));
}

}  // namespace
}  // namespace sb::process
