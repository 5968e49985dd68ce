#include "operator/plan/scaling_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/api/parse.h"
#include "operator/plan/fake_cluster.h"

namespace sb::plan {
namespace {

using ::testing::HasSubstr;
using State = MetricEvidence::State;

// A settled backend; each case then spoils one thing.
class ScalingConditionTest : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.BringUp(); }

  ScalingFinding Find() {
    auto backend = api::Parse(cluster_.backend, testing::Defaults());
    return *ScalingCondition(*backend, cluster_.observed, cluster_.now);
  }

  testing::FakeCluster cluster_;
};

TEST_F(ScalingConditionTest, SaysWhichQueryFailedAndWhatToDo) {
  struct Case {
    MetricEvidence evidence;
    const char* reason;
    const char* text;
  };
  const Case cases[] = {
      {{State::kFailed, "connection refused"}, "PrometheusUnreachable", "connection refused"},
      {{State::kFailed, "Prometheus rejected it: parse error", MetricEvidence::Fault::kRejected},
       "QueryFailed",
       "Mend the query"},
      {{State::kFailed, "Secret shop/prom has no key token; add it",
        MetricEvidence::Fault::kCredentialsMissing},
       "CredentialsMissing",
       "Secret shop/prom has no key token; add it"},
      {{State::kFailed, "http://p answered 403", MetricEvidence::Fault::kCredentialsRefused},
       "CredentialsRefused",
       "Check the Secrets that spec.monitoring.prometheus names"},
      {{State::kEmpty}, "QueryEmpty", "matches nothing"},
      {{State::kStale, "a value of an hour ago"}, "PrometheusUnreachable", "an hour ago"},
  };
  for (const Case& each : cases) {
    cluster_.observed.metrics[{"api", "requests-per-pod"}] = each.evidence;
    const Finding finding = Find().finding;
    EXPECT_EQ(finding.status, api::ConditionStatus::kFalse);
    EXPECT_EQ(finding.reason, each.reason);
    EXPECT_THAT(finding.message, HasSubstr("spec.api.autoscaling.metrics["));
    EXPECT_THAT(finding.message, HasSubstr("\"requests-per-pod\""));
    EXPECT_THAT(finding.message, HasSubstr(each.text));
    EXPECT_THAT(finding.message, HasSubstr("replicas hold"));
    if (finding.reason != "CredentialsMissing" && finding.reason != "CredentialsRefused") {
      EXPECT_THAT(finding.message, HasSubstr("http://")) << "the server that was asked";
    }
    EXPECT_FALSE(finding.stalled) << "it may come back by itself";
  }
}

// "Replicas hold" would be a lie where the spec says what else to do.
TEST_F(ScalingConditionTest, AFallbackIsAnnounced) {
  cluster_.observed.metrics[{"api", "requests-per-pod"}] = {State::kFailed, "refused"};
  cluster_.backend["spec"]["api"]["autoscaling"]["fallback"] = {{"after", "90s"}, {"replicas", 3}};
  EXPECT_THAT(Find().finding.message,
              HasSubstr("refused; replicas hold for 90s, then the fallback counts"));
}

TEST_F(ScalingConditionTest, AForeignMetricsApiIsNamed) {
  cluster_.observed.metrics_api = {.ours = false, .problem = "keda/keda-metrics serves it"};
  EXPECT_EQ(Find().finding.reason, "MetricsAPIForeign");
  EXPECT_THAT(Find().finding.message, HasSubstr("keda"));
}

TEST_F(ScalingConditionTest, TheAutoscalersOwnWordsArePassedOn) {
  cluster_.SetScalingActive("todo-api", false);
  EXPECT_EQ(Find().finding.reason, "HPAInactive");
  EXPECT_THAT(Find().finding.message, HasSubstr("the HPA says so"));
}

// A new backend has no samples for some seconds: that is no fault to page somebody for.
TEST_F(ScalingConditionTest, ANewDeploymentIsGivenTime) {
  cluster_.observed.metrics[{"api", "requests-per-pod"}] = {State::kEmpty};
  Json deployment = *cluster_.observed.Find("Deployment", "todo-api");
  deployment["metadata"]["creationTimestamp"] = FormatTime(cluster_.now - std::chrono::seconds(20));
  cluster_.Put({"Deployment", "todo-api"}, deployment);
  const ScalingFinding young = Find();
  EXPECT_EQ(young.finding.status, api::ConditionStatus::kUnknown);
  ASSERT_TRUE(young.look_again);
  EXPECT_GE(*young.look_again, std::chrono::seconds(40));

  cluster_.now += std::chrono::seconds(60);
  EXPECT_EQ(Find().finding.reason, "QueryEmpty");
  EXPECT_FALSE(Find().look_again);
}

}  // namespace
}  // namespace sb::plan
