#include "operator/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "operator/plan/fake_cluster.h"
#include "operator/plan/replicas.h"

namespace sb::plan {
namespace {

using testing::FakeCluster;
using ::testing::HasSubstr;

std::set<ChildRef> Refs(const Plan& plan, Verb verb) {
  std::set<ChildRef> refs;
  for (const Action& action : plan.actions) {
    if (action.verb == verb) refs.insert(action.child);
  }
  return refs;
}

// Users lose data if an app version meets a schema that it does not know.
TEST(PlanTest, PodsWaitForTheMigrationAndTheMigrationForTheDatabase) {
  FakeCluster cluster;
  Plan plan = cluster.Make();
  EXPECT_EQ(Refs(plan, Verb::kCreate), (std::set<ChildRef>{{"Secret", "todo-credentials"}}));
  auto applied = Refs(plan, Verb::kApply);
  EXPECT_TRUE(applied.contains({"StatefulSet", "todo-postgres"}));
  EXPECT_TRUE(applied.contains({"Service", "todo-api"}));
  for (const ChildRef& ref : applied) {
    EXPECT_NE(ref.kind, "Job");
    EXPECT_NE(ref.kind, "Deployment");
    EXPECT_NE(ref.kind, "HorizontalPodAutoscaler") << "nothing to scale yet";
  }

  cluster.Settle();
  EXPECT_EQ(cluster.MigrationJob(), "");
  EXPECT_EQ(cluster.ConditionText("MigrationSucceeded", "reason"), "WaitingForDatabase");
  cluster.MakeReady("StatefulSet", "todo-postgres");
  cluster.Settle();
  ASSERT_NE(cluster.MigrationJob(), "");
  EXPECT_EQ(cluster.observed.Find("Deployment", "todo-api"), nullptr);

  cluster.MakeReady("Job", cluster.MigrationJob());
  cluster.Settle();
  EXPECT_NE(cluster.observed.Find("Deployment", "todo-api"), nullptr);
  EXPECT_NE(cluster.observed.Find("HorizontalPodAutoscaler", "todo-api"), nullptr);
}

// A settled backend that is written to costs money and fights GitOps tools.
TEST(PlanTest, SettledMeansNothingPendingAndTheSameStatus) {
  FakeCluster cluster;
  Plan plan = cluster.BringUp();
  EXPECT_EQ(cluster.ConditionText("Ready"), "True") << cluster.backend["status"].dump(1);
  EXPECT_EQ(cluster.ConditionText("Reconciling"), "");
  EXPECT_EQ(cluster.ConditionText("Stalled"), "");
  for (const Action& action : plan.actions) {
    EXPECT_FALSE(cluster.IsPending(action)) << action.child.kind << " " << action.child.name;
  }
  EXPECT_EQ(plan.status, cluster.backend["status"]);
  EXPECT_TRUE(plan.events.empty());
  cluster.now += std::chrono::hours(5);
  EXPECT_EQ(cluster.Make().status, plan.status) << "time alone must change nothing";
}

TEST(PlanTest, CredentialsAreMadeOnce) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.observed.entropy.postgres_password = std::string(40, 'x');
  EXPECT_TRUE(Refs(cluster.Make(), Verb::kCreate).empty());
}

TEST(PlanTest, CredentialsThatLackAKeyAreNamed) {
  FakeCluster cluster;
  cluster.BringUp();
  Json secret = *cluster.observed.Find("Secret", "todo-credentials");
  secret["data"].erase("database-url");
  cluster.Put({"Secret", "todo-credentials"}, secret);
  cluster.Settle();
  EXPECT_EQ(cluster.ConditionText("Stalled", "reason"), "CredentialsMissing");
  EXPECT_THAT(cluster.ConditionText("Stalled", "message"), HasSubstr("database-url"));
}

// Dropping a field that only we own resets it to its default: one pod under full load.
TEST(PlanTest, ReplicasChangeHandsAtTheLiveValue) {
  FakeCluster cluster;
  cluster.Settle();
  cluster.MakeReady("StatefulSet", "todo-postgres");
  cluster.Settle();
  cluster.MakeReady("Job", cluster.MigrationJob());

  Plan creation = cluster.Make();
  const auto made =
      std::find_if(creation.actions.begin(), creation.actions.end(), [](const Action& action) {
        return action.child == ChildRef{"Deployment", "todo-api"};
      });
  ASSERT_NE(made, creation.actions.end());
  EXPECT_EQ(made->object["spec"]["replicas"], 2) << "created at minReplicas, not at 1";
  for (const Action& action : creation.actions) cluster.Execute(action);

  Json scaled = *cluster.observed.Find("Deployment", "todo-api");
  scaled["spec"]["replicas"] = 5;
  cluster.Put({"Deployment", "todo-api"}, scaled);
  std::vector<Action> handover;
  for (const Action& action : cluster.Make().actions) {
    if (action.child == ChildRef{"Deployment", "todo-api"}) handover.push_back(action);
  }
  ASSERT_EQ(handover.size(), 2u);
  EXPECT_EQ(handover[0].manager, api::kHandoverFieldManager);
  EXPECT_EQ(handover[0].object["spec"], Json({{"replicas", 5}}));
  EXPECT_EQ(handover[1].manager, api::kFieldManager);
  EXPECT_FALSE(handover[1].object["spec"].contains("replicas"));

  for (const Action& action : handover) cluster.Execute(action);
  const ReplicasOwners owners = OwnersOfReplicas(*cluster.observed.Find("Deployment", "todo-api"));
  EXPECT_FALSE(owners.ours);
  EXPECT_TRUE(owners.others);
  for (const Action& action : cluster.Make().actions) {
    if (action.child != ChildRef{"Deployment", "todo-api"}) continue;
    EXPECT_FALSE(cluster.IsPending(action));
  }
}

TEST(PlanTest, ADeletedDeploymentComesBackAtTheCountThatItsAutoscalerWanted) {
  FakeCluster cluster;
  cluster.BringUp();
  Json autoscaler = *cluster.observed.Find("HorizontalPodAutoscaler", "todo-api");
  autoscaler["status"]["desiredReplicas"] = 9;
  cluster.Put({"HorizontalPodAutoscaler", "todo-api"}, autoscaler);
  cluster.observed.children.erase({"Deployment", "todo-api"});
  for (const Action& action : cluster.Make().actions) {
    if (action.child == ChildRef{"Deployment", "todo-api"}) {
      EXPECT_EQ(action.object["spec"]["replicas"], 9);
      return;
    }
  }
  FAIL() << "the Deployment is not made again";
}

// The old version must go on serving when the new one's migration fails.
TEST(PlanTest, AFailedMigrationLeavesTheRunningVersionAlone) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.backend["spec"]["image"] = "todo:broken";
  cluster.backend["metadata"]["generation"] = 4;
  const std::string old_job = cluster.MigrationJob();
  cluster.Settle();
  const std::string job = cluster.MigrationJob();
  ASSERT_NE(job, old_job);
  Json failed = *cluster.observed.Find("Job", job);
  failed["status"]["conditions"] = {
      {{"type", "Failed"}, {"status", "True"}, {"message", "BackoffLimitExceeded"}}};
  cluster.Put({"Job", job}, failed);
  cluster.AddPod(
      {{"metadata",
        {{"name", job + "-x"},
         {"labels",
          {{"scalablebackend.io/component", "migrate"}, {"batch.kubernetes.io/job-name", job}}}}},
       {"status",
        {{"containerStatuses",
          {{{"name", "migrate"},
            {"ready", false},
            {"state",
             {{"terminated", {{"exitCode", 1}, {"message", "0002.sql: no such column\n"}}}}}}}}}}});
  Plan plan = cluster.Settle();
  EXPECT_FALSE(Refs(plan, Verb::kApply).contains({"Deployment", "todo-api"}));
  EXPECT_EQ((*cluster.observed.Find(
                "Deployment", "todo-api"))["spec"]["template"]["spec"]["containers"][0]["image"],
            "localhost/todo-api:dev");
  EXPECT_EQ(cluster.ConditionText("Ready"), "False");
  EXPECT_EQ(cluster.ConditionText("Stalled", "reason"), "MigrationFailed");
  EXPECT_THAT(cluster.ConditionText("Stalled", "message"), HasSubstr("0002.sql: no such column"));
  EXPECT_THAT(cluster.ConditionText("Stalled", "message"), HasSubstr(job));
  EXPECT_EQ(cluster.ConditionText("APIReady"), "True") << "the old pods serve";
}

TEST(PlanTest, WhatIsNoLongerWantedIsRemovedButNeverDataOrCredentials) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.Put({"PersistentVolumeClaim", "data-todo-postgres-0"},
              {{"status", {{"phase", "Bound"}}}});
  cluster.backend["spec"].erase("workers");
  cluster.backend["spec"]["database"] = {
      {"external", {{"secretRef", {{"name", "db"}, {"key", "url"}}}}}};
  const auto removed = Refs(cluster.Make(), Verb::kDelete);
  EXPECT_TRUE(removed.contains({"Deployment", "todo-worker-mail"}));
  EXPECT_TRUE(removed.contains({"HorizontalPodAutoscaler", "todo-worker-mail"}));
  EXPECT_TRUE(removed.contains({"StatefulSet", "todo-postgres"}));
  for (const ChildRef& ref : removed) {
    EXPECT_NE(ref.kind, "PersistentVolumeClaim");
    EXPECT_NE(ref.kind, "Secret");
  }
}

TEST(PlanTest, AnInvalidSpecStallsAndTouchesNothing) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.backend["spec"]["api"]["autoscaling"]["minReplicas"] = 50;
  Plan plan = cluster.Settle();
  EXPECT_TRUE(plan.actions.empty());
  EXPECT_EQ(cluster.ConditionText("Stalled", "reason"), "InvalidSpec");
  EXPECT_THAT(cluster.ConditionText("Stalled", "message"), HasSubstr("minReplicas"));
  cluster.backend["spec"]["api"]["autoscaling"]["minReplicas"] = 2;
  cluster.Settle();
  EXPECT_EQ(cluster.ConditionText("Stalled"), "");
  EXPECT_EQ(cluster.ConditionText("Ready"), "True");
}

TEST(PlanTest, PausedTouchesNothing) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.backend["spec"]["paused"] = true;
  cluster.backend["spec"]["image"] = "todo:2";
  Plan plan = cluster.Settle();
  EXPECT_TRUE(plan.actions.empty());
  EXPECT_EQ(cluster.ConditionText("Paused"), "True");
}

TEST(PlanTest, AJobOfAnEarlierResourceProvesNothing) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.backend["metadata"]["uid"] = "00000000-0000-0000-0000-000000000002";
  cluster.backend.erase("status");
  Plan plan = cluster.Make();
  EXPECT_TRUE(Refs(plan, Verb::kDelete).contains({"Job", cluster.MigrationJob()}));
  EXPECT_FALSE(Refs(plan, Verb::kApply).contains({"Deployment", "todo-api"}));
}

TEST(PlanTest, ANameHeldBySomebodyElseIsReportedAndLeftAlone) {
  FakeCluster cluster;
  cluster.observed.foreign[{"Service", "todo-api"}] = "Service todo-api belongs to somebody else";
  Plan plan = cluster.Make();
  EXPECT_FALSE(Refs(plan, Verb::kApply).contains({"Service", "todo-api"}));
  cluster.backend["status"] = plan.status;
  EXPECT_EQ(cluster.ConditionText("Stalled", "reason"), "NameTaken");
  EXPECT_TRUE(plan.requeue_after) << "nobody tells us when the name is free";
}

// A controller may die between any two writes; the next one must come to the same objects.
TEST(PlanTest, DyingAfterAnyWriteEndsInTheSameObjects) {
  const auto objects = [](const FakeCluster& cluster) {
    std::map<ChildRef, Json> specs;
    for (const auto& [ref, object] : cluster.observed.children) {
      Json kept = *object;
      kept.erase("status");
      for (const char* field : {"generation", "managedFields", "creationTimestamp"}) {
        kept["metadata"].erase(field);
      }
      specs[ref] = kept;
    }
    return specs;
  };
  FakeCluster whole;
  whole.BringUp();
  for (std::size_t writes = 1; writes < 12; ++writes) {
    FakeCluster cluster;
    Plan first = cluster.Make();
    for (std::size_t i = 0; i < std::min(writes, first.actions.size()); ++i) {
      cluster.Execute(first.actions[i]);
    }
    cluster.BringUp();
    EXPECT_EQ(objects(cluster), objects(whole)) << "died after " << writes << " writes";
  }
}

TEST(PlanTest, AnEventTellsEachTransitionOnce) {
  FakeCluster cluster;
  cluster.BringUp();
  cluster.observed.metrics[{"api", "requests-per-pod"}] = {MetricEvidence::State::kFailed,
                                                           "connection refused"};
  Plan plan = cluster.Make();
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_TRUE(plan.events[0].warning);
  EXPECT_EQ(plan.events[0].reason, "PrometheusUnreachable");
  cluster.backend["status"] = plan.status;
  EXPECT_TRUE(cluster.Make().events.empty());
}

}  // namespace
}  // namespace sb::plan
