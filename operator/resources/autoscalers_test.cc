// Metric types reach the HPA as they were written; the golden file has the rest.
#include "operator/resources/autoscalers.h"

#include <gtest/gtest.h>

#include "operator/api/parse.h"

namespace sb::resources {
namespace {

TEST(Autoscalers, TheUseOfOneContainerIsTheHpasOwn) {
  const Json object = {
      {"metadata", {{"name", "todo"}, {"namespace", "shop"}, {"uid", "u"}}},
      {"spec",
       {{"api",
         {{"autoscaling",
           {{"maxReplicas", 3},
            {"metrics",
             {{{"type", "Resource"}, {"resource", "cpu"}, {"target", {{"averageUtilization", 60}}}},
              {{"type", "ContainerResource"},
               {"resource", "memory"},
               {"container", "api"},
               {"target", {{"averageValue", "100Mi"}}}}}}}}}}}}};
  auto backend = api::Parse(object, {"todo:1", "postgres:1", "redis:1", "http://p"});
  ASSERT_TRUE(backend) << backend.error().message;
  const auto autoscaler = ApiHorizontalPodAutoscaler(*backend);
  ASSERT_TRUE(autoscaler);
  const Json expected = {
      {{"type", "ContainerResource"},
       {"containerResource",
        {{"name", "memory"},
         {"container", "api"},
         {"target", {{"type", "AverageValue"}, {"averageValue", "100Mi"}}}}}},
      {{"type", "Resource"},
       {"resource",
        {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 60}}}}}}};
  EXPECT_EQ((*autoscaler)["spec"]["metrics"], expected);
}

}  // namespace
}  // namespace sb::resources
