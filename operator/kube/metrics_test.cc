#include "operator/kube/metrics.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "common/metrics/exposition.h"
#include "common/metrics/process_metrics.h"
#include "common/testing/fake_clock.h"
#include "operator/kube/controller_metrics.h"
#include "operator/kube/work_queue.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

class MetricsTest : public testing::Test {
 protected:
  std::string Scrape() const { return metrics::Exposition({&registry_, &metrics_}); }
  void ExpectLine(const std::string& line) const {
    EXPECT_NE(Scrape().find("\n" + line + "\n"), std::string::npos) << line << " in\n" << Scrape();
  }

  prometheus::Registry registry_;
  Metrics metrics_{registry_, {.host = "10.0.0.1:6443"}};
};

// The label sets are those that dashboards select and join by.
TEST_F(MetricsTest, QueuesAreNamedLikeControllerRuntimes) {
  FakeClock clock;
  WorkQueue queue("sb", {.metrics = &metrics_}, clock);
  queue.Add({"ns", "a"});
  queue.Add({"ns", "b"}, Priority::kLow);
  queue.Add({"ns", "c"}, Priority::kLow);
  queue.Add({"ns", "c"}, Priority::kLow);
  ExpectLine(R"(workqueue_depth{name="sb",controller="sb",priority="0"} 1)");
  ExpectLine(R"(workqueue_depth{name="sb",controller="sb",priority="-100"} 2)");
  ExpectLine(R"(workqueue_adds_total{controller="sb",name="sb"} 3)");
  ExpectLine(R"(workqueue_retries_total{controller="sb",name="sb"} 0)");
  clock.Advance(2s);
  queue.TryGet();
  clock.Advance(3s);
  queue.TryGet();
  clock.Advance(1s);
  ExpectLine(R"(workqueue_queue_duration_seconds_sum{controller="sb",name="sb"} 7)");
  ExpectLine(R"(workqueue_unfinished_work_seconds{name="sb",controller="sb"} 5)");
  ExpectLine(R"(workqueue_longest_running_processor_seconds{name="sb",controller="sb"} 4)");
  queue.Done({"ns", "a"});
  ExpectLine(R"(workqueue_work_duration_seconds_sum{controller="sb",name="sb"} 4)");
}

// controller-runtime#3066: a depth below zero.
TEST_F(MetricsTest, DepthComesBackToNothing) {
  WorkQueue queue("sb", {.metrics = &metrics_});
  for (int i = 0; i < 10; ++i) {
    queue.Add({"", std::to_string(i)}, Priority::kLow);
    if (i % 2) queue.Add({"", std::to_string(i)});
  }
  while (auto key = queue.TryGet()) queue.Done(*key);
  ExpectLine(R"(workqueue_depth{name="sb",controller="sb",priority="0"} 0)");
  ExpectLine(R"(workqueue_depth{name="sb",controller="sb",priority="-100"} 0)");
}

TEST_F(MetricsTest, AQueueThatIsGoneIsNoLongerAsked) {
  auto queue = std::make_unique<WorkQueue>("sb", WorkQueueOptions{.metrics = &metrics_});
  queue.reset();
  EXPECT_EQ(Scrape().find("workqueue_depth{"), std::string::npos);
}

TEST_F(MetricsTest, RequestsAreNamedLikeClientGos) {
  metrics_.ObserveRequest("PATCH", 200, 30ms);
  metrics_.ObserveRequest("GET", 0, 10s);
  metrics_.CountRequest("GET", 410);  // a watch
  ExpectLine(R"(rest_client_requests_total{code="200",host="10.0.0.1:6443",method="PATCH"} 1)");
  ExpectLine(R"(rest_client_requests_total{code="<error>",host="10.0.0.1:6443",method="GET"} 1)");
  ExpectLine(R"(rest_client_requests_total{code="410",host="10.0.0.1:6443",method="GET"} 1)");
  ExpectLine(R"(rest_client_request_duration_seconds_count{host="10.0.0.1:6443",verb="GET"} 1)");
  ExpectLine(
      R"(rest_client_request_duration_seconds_bucket{host="10.0.0.1:6443",verb="PATCH",le="0.1"} 1)");
}

TEST_F(MetricsTest, APassIsCountedOnceInEachPlace) {
  ControllerMetrics controller(metrics_, "sb", 2);
  for (const PassEnd end : {PassEnd::kSuccess, PassEnd::kError, PassEnd::kRequeueAfter,
                            PassEnd::kTerminalError, PassEnd::kException}) {
    controller.PassStarts();
    controller.PassEnds(end, 1s);
  }
  ExpectLine(R"(controller_runtime_reconcile_total{controller="sb",result="success"} 1)");
  ExpectLine(R"(controller_runtime_reconcile_total{controller="sb",result="error"} 3)");
  ExpectLine(R"(controller_runtime_reconcile_total{controller="sb",result="requeue_after"} 1)");
  ExpectLine(R"(controller_runtime_reconcile_total{controller="sb",result="requeue"} 0)");
  ExpectLine(R"(controller_runtime_reconcile_errors_total{controller="sb"} 3)");
  ExpectLine(R"(controller_runtime_terminal_reconcile_errors_total{controller="sb"} 1)");
  ExpectLine(R"(controller_runtime_reconcile_panics_total{controller="sb"} 1)");
  ExpectLine(R"(controller_runtime_reconcile_time_seconds_count{controller="sb"} 5)");
  ExpectLine(R"(controller_runtime_active_workers{controller="sb"} 0)");
  ExpectLine(R"(controller_runtime_max_concurrent_reconciles{controller="sb"} 2)");
}

TEST_F(MetricsTest, EveryMetricIsInTheManual) {
  std::ifstream file(std::string(SB_TEST_DIR) + "/../../docs/metrics.md");
  const std::string manual(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(manual.empty());
  const WorkQueue queue("sb", {.metrics = &metrics_});
  const ControllerMetrics controller(metrics_, "sb", 1);
  const metrics::ProcessMetrics process;
  // Families without a child are not collected.
  metrics_.ObserveRequest("GET", 200, 1ms);
  metrics_.CountList("pods");
  metrics_.CountWatch("pods");
  metrics_.CountShortWatch("pods");
  metrics_.CountWatchError("pods", "gone");
  metrics_.SetItems("pods", 1);
  metrics_.SetLeading("lease", true);
  int families = 0;
  for (const prometheus::Collectable* part :
       {static_cast<const prometheus::Collectable*>(&registry_),
        static_cast<const prometheus::Collectable*>(&metrics_),
        static_cast<const prometheus::Collectable*>(&process)}) {
    for (const auto& family : part->Collect()) {
      EXPECT_NE(manual.find("`" + family.name + "`"), std::string::npos) << family.name;
      ++families;
    }
  }
  EXPECT_EQ(families, 29);
}

}  // namespace
}  // namespace sb::kube
