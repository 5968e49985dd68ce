#include "operator/api/autoscaled.h"

#include <gtest/gtest.h>

#include <vector>

namespace sb::api {
namespace {

TEST(Autoscaled, TargetsInTheOrderOfTheSpec) {
  Backend backend;
  backend.name = "todo";
  backend.workers.resize(3);
  backend.workers[0].name = "mail";
  backend.workers[1].name = "fixed";
  backend.workers[2].name = "export";
  backend.workers[0].autoscaling.emplace();
  backend.workers[2].autoscaling.emplace();
  std::vector<std::string> seen;
  const auto see = [&](const std::string& target, const std::string& deployment, Workload&) {
    seen.push_back(target + " " + deployment);
  };
  ForEachAutoscaled(backend, see);
  const std::vector<std::string> workers = {"worker/mail todo-worker-mail",
                                            "worker/export todo-worker-export"};
  EXPECT_EQ(seen, workers) << "the API is of a fixed size";
  backend.api.autoscaling.emplace();
  seen.clear();
  ForEachAutoscaled(backend, see);
  EXPECT_EQ(seen.front(), "api todo-api");
  EXPECT_EQ(seen.size(), 3U);
}

TEST(Autoscaled, ATargetNamesItsWorker) {
  EXPECT_EQ(WorkerOf(WorkerTarget("mail")), "mail");
  EXPECT_EQ(WorkerOf(kApiTarget), "");
}

}  // namespace
}  // namespace sb::api
