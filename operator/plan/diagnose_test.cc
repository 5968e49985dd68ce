#include "operator/plan/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sb::plan {
namespace {

using ::testing::HasSubstr;

std::vector<ObjectPtr> Pods(const char* container_status) {
  Json pod = {{"metadata", {{"name", "p"}}},
              {"status", {{"containerStatuses", {Json::parse(container_status)}}}}};
  return {std::make_shared<const Json>(pod)};
}

struct Case {
  const char* status;
  const char* reason;  // null: no fault
  const char* text;
};

TEST(DiagnoseTest, NamesTheObjectAndTheFix) {
  const Case cases[] = {
      {R"({"name":"api","ready":false,"image":"x:1","state":{"waiting":{"reason":"ErrImagePull"}}})",
       "ImagePullFailed", "Deployment d: image \"x:1\" cannot be pulled"},
      {R"({"name":"api","ready":false,"image":"x:1","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off 5m"}}})",
       "ImagePullFailed", "Deployment d: image \"x:1\" cannot be pulled"},
      {R"({"name":"api","ready":false,"image":"X Y","state":{"waiting":{"reason":"InvalidImageName"}}})",
       "ImagePullFailed", "is not an image name"},
      {R"({"name":"api","ready":false,"state":{"waiting":{"reason":"CreateContainerConfigError","message":"secret \"db\" not found"}}})",
       "ContainerFailing", "secret \"db\" not found"},
      {R"({"name":"api","ready":false,"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":3,"message":"a\nno config\n"}}})",
       "ContainerFailing", "exits with code 3: no config"},
      {R"({"name":"api","ready":false,"state":{"running":{}},"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}})",
       "ContainerFailing", "raise resources.limits.memory"},
      {R"({"name":"api","ready":false,"state":{"waiting":{"reason":"ContainerCreating"}}})",
       nullptr, ""},
      {R"({"name":"api","ready":true,"state":{"running":{}},"lastState":{"terminated":{"exitCode":1}}})",
       nullptr, ""},
  };
  for (const Case& each : cases) {
    auto problem = DiagnosePods("Deployment d", Pods(each.status));
    ASSERT_EQ(problem.has_value(), each.reason != nullptr) << each.status;
    if (!problem) continue;
    EXPECT_EQ(problem->reason, each.reason);
    EXPECT_THAT(problem->message, HasSubstr(each.text));
  }
}

// A message that changes with each retry of the kubelet is a status write for each retry.
TEST(DiagnoseTest, TheSameFaultHasTheSameText) {
  auto one = DiagnosePods(
      "d",
      Pods(
          R"({"name":"a","ready":false,"image":"x","state":{"waiting":{"reason":"ErrImagePull","message":"one"}}})"));
  auto two = DiagnosePods(
      "d",
      Pods(
          R"({"name":"a","ready":false,"image":"x","state":{"waiting":{"reason":"ImagePullBackOff","message":"two"}}})"));
  EXPECT_EQ(one->message, two->message);
}

TEST(DiagnoseTest, AClaimSaysWhichStorageClassIsMissing) {
  const Json claim = {{"metadata", {{"name", "data-todo-postgres-0"}}},
                      {"spec", {{"storageClassName", "fast"}}},
                      {"status", {{"phase", "Pending"}}}};
  auto problem = DiagnoseClaim(claim, {{"standard", true}});
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->reason, "StorageClassMissing");
  EXPECT_THAT(problem->message, HasSubstr("data-todo-postgres-0"));
  EXPECT_THAT(problem->message, HasSubstr("\"fast\""));
  EXPECT_THAT(problem->message, HasSubstr("standard"));
  EXPECT_FALSE(DiagnoseClaim(claim, {{"fast", false}})) << "it may still be provisioned";
}

TEST(DiagnoseTest, UnschedulableDropsTheCountsThatChange) {
  Json pod = {
      {"metadata", {{"name", "p"}}},
      {"status",
       {{"conditions",
         {{{"type", "PodScheduled"},
           {"status", "False"},
           {"reason", "Unschedulable"},
           {"message", "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes"}}}}}}};
  auto problem = DiagnosePods("Deployment d", {std::make_shared<const Json>(pod)});
  ASSERT_TRUE(problem);
  EXPECT_THAT(problem->message, HasSubstr("Insufficient cpu"));
  EXPECT_EQ(problem->message.find("preemption"), std::string::npos);
}

}  // namespace
}  // namespace sb::plan
