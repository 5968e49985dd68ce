#include "operator/reconcile/kinds.h"

#include <gtest/gtest.h>

#include "operator/kube/object_decoder.h"

namespace sb::reconcile {
namespace {

// What the cache holds of `object`, less apiVersion and kind.
Json Cached(const Json& object, const kube::Resource& resource,
            const kube::Projection& projection) {
  Json cached = kube::Freeze(object, resource, projection)->ToJson();
  cached.erase("apiVersion");
  cached.erase("kind");
  return cached;
}

TEST(KindsTest, NoCredentialStaysInMemory) {
  const Json secret = {{"metadata", {{"name", "s"}}},
                       {"data", {{"password", "aHVudGVyMg=="}, {"empty", ""}}}};
  EXPECT_EQ(Cached(secret, kube::Secrets(), KeepSecretKeys())["data"],
            Json({{"password", "-"}, {"empty", ""}}));
}

TEST(KindsTest, ManagedFieldsKeepTheOwnersOfReplicasOnly) {
  const Json replicas = {{"f:replicas", Json::object()}};
  const Json both = {{"f:replicas", Json::object()}, {"f:paused", Json::object()}};
  const Json deployment = {
      {"metadata",
       {{"name", "d"},
        {"managedFields",
         {{{"manager", "hpa"}, {"operation", "Update"}, {"fieldsV1", {{"f:spec", both}}}},
          {{"manager", "kcm"},
           {"operation", "Update"},
           {"fieldsV1", {{"f:status", replicas}}}}}}}}};
  EXPECT_EQ(
      Cached(deployment, kube::Deployments(), KeepReplicasOwners())["metadata"]["managedFields"],
      Json({{{"manager", "hpa"}, {"operation", "Update"}, {"fieldsV1", {{"f:spec", replicas}}}},
            {{"manager", "kcm"}, {"operation", "Update"}, {"fieldsV1", Json::object()}}}));
}

TEST(KindsTest, APodIsIdentityStatusAndRequests) {
  const Json pod = {
      {"metadata", {{"name", "p"}, {"annotations", {{"a", "b"}}}}},
      {"spec",
       {{"nodeName", "n"},
        {"containers",
         Json::array(
             {{{"name", "api"},
               {"image", "i"},
               {"resources", {{"requests", {{"cpu", "1"}}}, {"limits", {{"cpu", "2"}}}}}}})}}},
      {"status", {{"phase", "Running"}, {"podIP", "10.0.0.1"}, {"hostIP", "10.1.0.1"}}}};
  EXPECT_EQ(
      Cached(pod, kube::Pods(), KeepPodStatus()),
      Json({{"metadata", {{"name", "p"}}},
            {"spec",
             {{"containers",
               Json::array({{{"name", "api"}, {"resources", {{"requests", {{"cpu", "1"}}}}}}})}}},
            {"status", {{"phase", "Running"}, {"podIP", "10.0.0.1"}}}}));
}

TEST(KindsTest, AnAutoscalerWhoseMetricWaversSaysNothingNew) {
  const auto autoscaler = [](const char* version, const char* value, int desired) {
    const Json object = {
        {"metadata", {{"name", "h"}, {"resourceVersion", version}}},
        {"status",
         {{"desiredReplicas", desired},
          {"currentMetrics", {{{"type", "External"}, {"external", {{"current", value}}}}}}}}};
    return kube::Freeze(object, kube::HorizontalPodAutoscalers(), KeepDecisions());
  };
  EXPECT_TRUE(autoscaler("17", "9500m", 2)->SaysTheSameAs(*autoscaler("18", "9700m", 2)));
  EXPECT_FALSE(autoscaler("17", "9500m", 2)->SaysTheSameAs(*autoscaler("18", "9500m", 3)));
}

}  // namespace
}  // namespace sb::reconcile
