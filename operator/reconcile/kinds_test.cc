#include "operator/reconcile/kinds.h"

#include <gtest/gtest.h>

namespace sb::reconcile {
namespace {

TEST(KindsTest, NoCredentialStaysInMemory) {
  Json secret = {{"kind", "Secret"}, {"data", {{"password", "aHVudGVyMg=="}, {"empty", ""}}}};
  KeepSecretKeys(secret);
  EXPECT_EQ(secret["data"], Json({{"password", "-"}, {"empty", ""}}));
}

TEST(KindsTest, ManagedFieldsKeepTheOwnersOfReplicasOnly) {
  const Json replicas = {{"f:replicas", Json::object()}};
  Json deployment = {
      {"metadata",
       {{"managedFields",
         {{{"manager", "hpa"}, {"operation", "Update"}, {"fieldsV1", {{"f:spec", replicas}}}},
          {{"manager", "kcm"},
           {"operation", "Update"},
           {"fieldsV1", {{"f:status", replicas}}}}}}}}};
  KeepReplicasOwners(deployment);
  ASSERT_EQ(deployment["metadata"]["managedFields"].size(), 1u);
  EXPECT_EQ(deployment["metadata"]["managedFields"][0]["manager"], "hpa");
}

TEST(KindsTest, APodIsIdentityAndStatus) {
  Json pod = {{"metadata", {{"name", "p"}, {"annotations", {{"a", "b"}}}}},
              {"spec", {{"containers", Json::array()}}},
              {"status", {{"phase", "Running"}, {"podIP", "10.0.0.1"}}}};
  KeepPodStatus(pod);
  EXPECT_EQ(pod, Json({{"metadata", {{"name", "p"}}}, {"status", {{"phase", "Running"}}}}));
}

}  // namespace
}  // namespace sb::reconcile
