#include "operator/metrics_api/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>

#include "operator/metrics_api/test_clock.h"
#include "operator/scaling/sampler.h"

namespace sb::metrics_api {
namespace {

using scaling::Evidence;
using scaling::Sample;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kPath = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/rate";
constexpr const char* kQuery =
    "labelSelector=scalablebackend.io%2Fcomponent%3Dapi%2Cscalablebackend.io%2Fname%3Dtodo";
const scaling::MetricId kRate{{"default", "todo"}, "api", "rate"};

// The metrics API without sockets. Tokens: "alice" may everything, "mallory" nothing.
class MetricsApiTest : public testing::Test {
 protected:
  Expected<Json> Review(const std::string& path, const Json& body) {
    const std::lock_guard lock(mutex_);
    ++reviews_;
    if (api_server_down_) return Fail(ErrorCode::kUnavailable, "connection refused");
    if (path.find("tokenreviews") != std::string::npos) {
      const std::string token = StringAt(body, {"spec", "token"});
      const bool known = token == "alice" || token == "mallory";
      return Json{{"status", {{"authenticated", known}, {"user", {{"username", token}}}}}};
    }
    return Json{{"status", {{"allowed", StringAt(body, {"spec", "user"}) == "alice"}}}};
  }

  std::optional<Sample> Current(const scaling::MetricId& id) {
    std::unique_lock lock(mutex_);
    ++queries_;
    query_began_.notify_all();
    query_may_end_.wait(lock, [&] { return !hang_; });
    const auto found = samples_.find(id);
    return found == samples_.end() ? std::nullopt : std::optional(found->second);
  }

  http::Response Get(std::string_view path, std::string_view query = "",
                     std::string_view authorization = "Bearer alice",
                     std::string_view method = "GET") {
    http::Response response;
    bool done = false;
    Start(path, query, authorization, method, [&](http::Response answered) {
      response = std::move(answered);
      done = true;
      loop_.stop();
    });
    loop_.restart();
    loop_.run_for(10s);
    EXPECT_TRUE(done) << path;
    return response;
  }

  void Start(std::string_view path, std::string_view query, std::string_view authorization,
             std::string_view method, std::function<void(http::Response)> then) {
    boost::asio::co_spawn(
        loop_, Ask(path, query, authorization, method),
        [then = std::move(then)](const std::exception_ptr& error, http::Response response) {
          if (error) std::rethrow_exception(error);
          then(std::move(response));
        });
  }

  // Keeps what the views of a request point at.
  http::Task Ask(std::string_view path, std::string_view query, std::string_view authorization,
                 std::string_view method) {
    const http::HeaderField field{"Authorization", authorization};
    http::Request request{.method = method, .path = path, .query = query, .body = ""};
    if (!authorization.empty()) request.fields = {&field, 1};
    co_return co_await api_->Handle(request);
  }

  std::mutex mutex_;
  std::condition_variable query_began_;
  std::condition_variable query_may_end_;
  bool hang_ = false;
  bool api_server_down_ = false;
  int reviews_ = 0;
  int queries_ = 0;
  std::map<scaling::MetricId, Sample> samples_;

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_{
      loop_.get_executor()};
  ::prometheus::Registry registry_;
  Metrics metrics_{registry_};
  metrics_api::Review review_ = [this](const std::string& path, const Json& body) {
    return Review(path, body);
  };
  TestClock clock_;
  Authenticator authenticator_{review_, clock_, &metrics_};
  Authorizer authorizer_{review_, clock_, &metrics_};
  std::unique_ptr<MetricsApi> api_ = std::make_unique<MetricsApi>(
      authenticator_, authorizer_, [this](const auto& id, TimePoint) { return Current(id); },
      clock_, &metrics_);
};

TEST_F(MetricsApiTest, AFreshSampleIsAValue) {
  samples_[kRate] = {.evidence = Evidence::kFresh, .value = 1.5, .at = clock_.WallNow()};
  const auto response = Get(kPath, kQuery);
  EXPECT_EQ(response.status, 200) << response.body;
  const Json list = Json::parse(response.body);
  EXPECT_EQ(list["items"][0]["value"], "1500m");
  EXPECT_EQ(list["items"][0]["metricName"], "rate");
}

// Anything that is not a value must keep the HPA from moving: neither 200 with nothing nor with 0.
TEST_F(MetricsApiTest, OtherEvidenceHoldsTheReplicas) {
  for (const Evidence evidence : {Evidence::kStale, Evidence::kEmpty, Evidence::kFailed}) {
    samples_[kRate] = {.evidence = evidence, .value = 0, .error = "because of this"};
    const auto response = Get(kPath, kQuery);
    EXPECT_EQ(response.status, 503) << ToString(evidence);
    const Json status = Json::parse(response.body);
    EXPECT_EQ(status["kind"], "Status");
    EXPECT_EQ(status["reason"], "ServiceUnavailable");
    EXPECT_THAT(
        status["message"].get<std::string>(),
        HasSubstr("metric rate of api of ScalableBackend default/todo has no present value, "
                  "so its replicas stay: because of this"));
  }
}

TEST_F(MetricsApiTest, UnknownMetricsAre404) {
  const auto response = Get(kPath, kQuery);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(Json::parse(response.body)["reason"], "NotFound");
  EXPECT_EQ(Get(kPath, "labelSelector=app%3Dx").status, 404);
  EXPECT_EQ(Get(kPath).status, 400);
}

TEST_F(MetricsApiTest, Discovery) {
  EXPECT_EQ(Json::parse(Get("/apis").body)["kind"], "APIGroupList");
  EXPECT_EQ(Json::parse(Get("/apis/external.metrics.k8s.io").body)["preferredVersion"]["version"],
            "v1beta1");
  const Json resources = Json::parse(Get("/apis/external.metrics.k8s.io/v1beta1").body);
  EXPECT_EQ(resources["resources"][0]["kind"], "ExternalMetricValueList");
  for (const char* path : {"/openapi/v2", "/openapi/v3", "/", "/api", "/apis/other/v1"}) {
    const auto response = Get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(Json::parse(response.body)["kind"], "Status");
  }
  EXPECT_EQ(Get(kPath, kQuery, "Bearer alice", "POST").status, 405);
}

TEST_F(MetricsApiTest, OnlyHealthIsForEverybody) {
  for (const char* path : {"/healthz", "/livez", "/readyz"}) {
    EXPECT_EQ(Get(path, "", "").status, 200);
  }
  for (const char* path : {"/apis", "/openapi/v2", kPath}) {
    EXPECT_EQ(Get(path, kQuery, "").status, 401) << path;
    EXPECT_EQ(Get(path, kQuery, "Bearer nobody").status, 401) << path;
  }
  EXPECT_EQ(Get(kPath, kQuery, "Bearer mallory").status, 403);
  EXPECT_EQ(Get("/apis", "", "Bearer mallory").status, 403);
  EXPECT_EQ(queries_, 0);
}

TEST_F(MetricsApiTest, ReviewsAreAskedOnceAndCounted) {
  samples_[kRate] = {.evidence = Evidence::kFresh, .value = 1};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(kPath, kQuery).status, 200);
  EXPECT_EQ(reviews_, 2);
  const std::string text = ::prometheus::TextSerializer().Serialize(registry_.Collect());
  EXPECT_THAT(text, HasSubstr("scalablebackend_metrics_api_requests_total{code=\"200\"} 3"));
  EXPECT_THAT(text, HasSubstr("{result=\"cached\",review=\"token\"} 2"));
  EXPECT_THAT(text, HasSubstr("{result=\"asked\",review=\"access\"} 1"));
}

TEST_F(MetricsApiTest, AnApiServerThatIsAwayIs503) {
  api_server_down_ = true;
  EXPECT_EQ(Get(kPath, kQuery).status, 503);
}

// A hanging Prometheus must not make the APIService unavailable.
TEST_F(MetricsApiTest, DiscoveryDoesNotWaitForPrometheus) {
  Get("/apis");
  Get(kPath, kQuery);  // the reviews are known from here on
  {
    const std::lock_guard lock(mutex_);
    hang_ = true;
  }
  constexpr int kFlood = 100;
  int answered = 0;
  std::map<int, int> by_status;
  for (int i = 0; i < kFlood; ++i) {
    Start(kPath, kQuery, "Bearer alice", "GET", [&](const http::Response& response) {
      ++by_status[response.status];
      if (++answered == kFlood) loop_.stop();
    });
  }
  EXPECT_EQ(Get("/apis").status, 200);
  {
    const std::lock_guard lock(mutex_);
    hang_ = false;
    query_may_end_.notify_all();
  }
  if (answered < kFlood) {
    loop_.restart();
    loop_.run_for(10s);
  }
  EXPECT_EQ(answered, kFlood);
  EXPECT_EQ(by_status[404], 64) << "no such metric, but it was asked for";
  EXPECT_EQ(by_status[429], kFlood - 64) << "the queue is bounded";
}

TEST(CollectEvidenceTest, ShowsThePresentState) {
  scaling::SamplerOptions options;
  options.threads = 0;
  scaling::Sampler sampler([](const scaling::Source&, Duration) { return promql::InstantVector{}; },
                           SystemClock(), options);
  EXPECT_TRUE(CollectEvidence(sampler).empty());
  sampler.SetWanted({"default", "todo"}, {{kRate, "http://p", "q"}});
  sampler.PollOne();
  const std::string text = ::prometheus::TextSerializer().Serialize(CollectEvidence(sampler));
  EXPECT_THAT(text,
              HasSubstr("scalablebackend_metric_evidence{namespace=\"default\",backend=\"todo\","
                        "target=\"api\",metric=\"rate\",state=\"empty\"} 1"));
  EXPECT_THAT(text, HasSubstr("state=\"fresh\"} 0"));
}

}  // namespace
}  // namespace sb::metrics_api
