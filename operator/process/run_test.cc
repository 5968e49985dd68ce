// How the operator ends: nobody else may lead while it still writes.
#include "operator/process/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/reconcile/kinds.h"

namespace sb::process {
namespace {

using namespace std::chrono_literals;

const kube::ObjectKey kLease{"operators", "scalablebackend-operator"};

constexpr const char* kNobody = "http://127.0.0.1:1";

RunOptions Options() {
  return {.defaults = {.todo_image = "todo:1",
                       .postgres_image = "postgres:1",
                       .redis_image = "redis:1",
                       .prometheus_url = kNobody},
          .metrics_port = 0,
          .serve_metrics_api = false,
          .pod_name = "operator-1",
          .pod_namespace = "operators"};
}

class RunTest : public testing::Test {
 protected:
  RunTest() {
    std::ifstream file(std::string(SB_TEST_DIR) + "/../resources/testdata/backend.json");
    Json backend = Json::parse(file);
    // Nothing leaves this machine.
    backend["spec"]["monitoring"]["prometheus"]["url"] = kNobody;
    server_.Put(reconcile::Backends(), std::move(backend));
  }

  int RunOperator() {
    return process::Run(Options(), {.host = "fake", .work = server_, .election = server_});
  }

  kube::FakeApiServer server_;
};

bool IsLease(const kube::Request& request) {
  return request.path.find("/leases") != std::string::npos;
}

// A Lease that is released while a write is on its way lets the next leader write the same object.
TEST_F(RunTest, ReleasesTheLeaseOnlyAfterItsWorkersHaveStopped) {
  std::mutex mutex;
  std::condition_variable changed;
  bool writing = false, released_meanwhile = false, asked_to_stop = false;
  server_.OnRequest([&](const kube::Request& request) {
    if (request.method == "GET") return;
    std::unique_lock lock(mutex);
    if (IsLease(request)) {
      // An empty holder is a release. An ordinary renewal is none.
      if (writing && request.body.find("\"holderIdentity\":\"\"") != std::string::npos) {
        released_meanwhile = true;
        changed.notify_all();
      }
      return;
    }
    if (asked_to_stop) return;
    asked_to_stop = writing = true;
    kill(getpid(), SIGTERM);
    changed.wait_for(lock, 1s, [&] { return released_meanwhile; });
    writing = false;
  });
  EXPECT_EQ(RunOperator(), 0);
  EXPECT_TRUE(asked_to_stop) << "nothing was written";
  EXPECT_FALSE(released_meanwhile);
  const auto lease = server_.Get(kube::Leases(), kLease);
  ASSERT_TRUE(lease);
  EXPECT_EQ(StringAt(*lease, {"spec", "holderIdentity"}), "") << "the next leader has to wait";
}

// Two that write are worse than one that ends in the middle: no grace, no last write.
TEST_F(RunTest, ALostLeaseEndsTheProcessAtOnce) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto lose = [&] {
    server_.OnRequest([&](const kube::Request& request) {
      if (request.method == "GET" || IsLease(request)) return;
      server_.OnRequest(nullptr);
      server_.Edit(kube::Leases(), kLease,
                   [](Json& lease) { lease["spec"]["holderIdentity"] = "another"; });
      pause();  // a worker that never returns holds up nothing
    });
    RunOperator();
    std::exit(7);  // it went through its ordinary end
  };
  EXPECT_EXIT(lose(), testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace sb::process
