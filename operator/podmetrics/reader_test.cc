// What a cluster without Prometheus scales on.
#include "operator/podmetrics/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "common/testing/fake_clock.h"
#include "operator/podmetrics/exposition.h"

namespace sb::podmetrics {
namespace {

using namespace std::chrono_literals;

// Pods that answer with a text each; one without fails.
class ReaderTest : public testing::Test {
 protected:
  Expected<promql::InstantVector> Ask(Reading reading, const std::string& name = "") {
    return reader_.Query({.namespace_name = "shop",
                          .backend = "todo",
                          .target = "api",
                          .reading = reading,
                          .name = name},
                         1s);
  }
  double Value(Reading reading, const std::string& name = "") {
    const auto vector = Ask(reading, name);
    EXPECT_TRUE(vector) << vector.error().message;
    return vector && vector->size() == 1 ? vector->front().value : -1;
  }
  void Put(const std::string& pod, std::optional<std::string> text,
           const std::string& target = "api", bool ready = true) {
    texts_[pod] = std::move(text);
    std::erase_if(pods_, [&](const Pod& old) { return old.name == pod; });
    pods_.push_back({.name = pod, .ip = pod, .target = target, .ready = ready});
  }
  static std::string Requests(int count, int slow = 0) {
    return "http_requests_total{code=\"200\"} " + std::to_string(count) +
           "\nhttp_request_duration_seconds_bucket{le=\"0.1\"} " + std::to_string(count - slow) +
           "\nhttp_request_duration_seconds_bucket{le=\"0.5\"} " + std::to_string(count) +
           "\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} " + std::to_string(count) + "\n";
  }

  FakeClock clock_;
  std::vector<Pod> pods_;
  std::map<std::string, std::optional<std::string>> texts_;
  Expected<std::map<std::string, Usage>> usage_;
  Reader reader_{[this](const std::string&, const std::string&) { return pods_; },
                 [this](const std::vector<PodAddress>& asked, Duration) {
                   std::vector<Expected<std::string>> answers;
                   for (const PodAddress& pod : asked) {
                     const auto& text = texts_.at(pod.ip);
                     answers.push_back(text ? Expected<std::string>(*text)
                                            : Fail(ErrorCode::kUnavailable, "refused"));
                   }
                   return answers;
                 },
                 [this](const PodQuery&) { return usage_; }, clock_};
};

TEST_F(ReaderTest, QueueIsWhatAnyPodKnows) {
  EXPECT_TRUE(Ask(Reading::kQueueDepth, "mail")->empty());  // no pod
  Put("a", std::nullopt);
  EXPECT_FALSE(Ask(Reading::kQueueDepth, "mail"));
  Put("b",
      "queue_depth{queue=\"mail\"} 7\nqueue_depth{queue=\"other\"} 70\n"
      "queue_oldest_waiting_seconds{queue=\"mail\"} 1.5\n");
  Put("w", "queue_depth{queue=\"mail\"} 9\n", "worker/mail");
  EXPECT_EQ(Value(Reading::kQueueDepth, "mail"), 9);
  EXPECT_EQ(Value(Reading::kQueueAge, "mail"), 1.5);
  texts_["a"] = "up 1\n";
  EXPECT_TRUE(Ask(Reading::kQueueDepth, "nobody")->empty());  // unknown, which is not 0
}

TEST_F(ReaderTest, RateIsSummedOverPods) {
  Put("a", Requests(1000));
  Put("b", Requests(5000));
  EXPECT_TRUE(Ask(Reading::kRequestRate)->empty());  // seen once: no rate yet
  clock_.Advance(10s);
  Put("a", Requests(2000));
  Put("b", Requests(7000));
  EXPECT_EQ(Value(Reading::kRequestRate), 300);
  // A new pod counts from its second reading, and does not make the others count for it.
  clock_.Advance(2s);
  Put("a", Requests(2200));
  Put("b", Requests(7400));
  Put("c", Requests(90'000));
  EXPECT_NEAR(Value(Reading::kRequestRate), 300, 1);
  // One that cannot be read counts like the others: an outage must not look like idleness.
  clock_.Advance(2s);
  Put("a", Requests(2400));
  Put("b", Requests(7800));
  Put("c", std::nullopt);
  EXPECT_NEAR(Value(Reading::kRequestRate), 450, 5);
  // Too many of them: no evidence.
  Put("b", std::nullopt);
  const auto vector = Ask(Reading::kRequestRate);
  ASSERT_FALSE(vector);
  EXPECT_THAT(vector.error().message, testing::HasSubstr("most of the ready pods cannot be read"));
}

TEST_F(ReaderTest, ARestartedPodBeginsAnew) {
  Put("a", Requests(1000));
  Ask(Reading::kRequestRate);
  clock_.Advance(10s);
  Put("a", Requests(3));
  EXPECT_TRUE(Ask(Reading::kRequestRate)->empty());
  clock_.Advance(10s);
  Put("a", Requests(103));
  EXPECT_EQ(Value(Reading::kRequestRate), 10);
}

TEST_F(ReaderTest, LatencyIsThe95thPercentileOfLately) {
  Put("a", Requests(100'000, 50'000));
  Ask(Reading::kRequestLatency);
  clock_.Advance(10s);
  Put("a", Requests(100'100, 50'000));  // 100 more, all fast
  EXPECT_NEAR(Value(Reading::kRequestLatency), 0.095, 0.001);
  clock_.Advance(10s);
  Put("a",
      Requests(100'200, 50'010));  // 10 of 100 slow: the 95th is in the middle of the slow ones
  EXPECT_NEAR(Value(Reading::kRequestLatency), 0.3, 0.001);
  clock_.Advance(10s);
  EXPECT_EQ(Value(Reading::kRequestLatency), 0);  // no request
}

TEST_F(ReaderTest, ResourcesAreOfEachPodOfTheWorkload) {
  EXPECT_TRUE(Ask(Reading::kResourceAmount, "cpu")->empty()) << "no pod, no question";
  const auto put = [&](const std::string& name, const std::string& target) {
    pods_.push_back({.name = name,
                     .target = target,
                     .ready = true,
                     .started = clock_.WallNow() - 1h,
                     .ready_changed = clock_.WallNow() - 1h,
                     .requests = {{"cpu", {{"api", 0.5}}}}});
  };
  put("a", "api");
  put("b", "api");
  put("other", "worker/mail");
  usage_ = std::map<std::string, Usage>{{"a", {clock_.WallNow(), 15s, {{"api", 0.4}}}},
                                        {"other", {clock_.WallNow(), 15s, {{"api", 9}}}}};
  const auto vector = Ask(Reading::kResourcePercent, "cpu");
  ASSERT_TRUE(vector) << vector.error().message;
  ASSERT_EQ(vector->size(), 2u);
  EXPECT_NEAR((*vector)[0].value, 80, 1e-9);
  EXPECT_EQ((*vector)[1].labels.at("state"), "missing");
  usage_ = Fail(ErrorCode::kNotFound, "this cluster has no metrics.k8s.io");
  EXPECT_EQ(Ask(Reading::kResourcePercent, "cpu").error().message,
            "this cluster has no metrics.k8s.io");
}

TEST(Source, ThereAndBack) {
  api::Backend backend;
  backend.name = "todo";
  backend.namespace_ = "shop";
  const auto query = [&](api::Metric metric) {
    const Source source = SourceOf(backend, "worker/mail", metric);
    return *ParseSource(source.url, source.query);
  };
  const PodQuery depth = query({.type = api::MetricType::kQueue, .queue = "mail"});
  EXPECT_EQ(depth.reading, Reading::kQueueDepth);
  EXPECT_EQ(depth.name, "mail");
  EXPECT_EQ(depth.backend, "todo");
  const PodQuery rate = query({.type = api::MetricType::kRequests, .measure = api::Measure::kRate});
  EXPECT_EQ(rate.reading, Reading::kRequestRate);
  EXPECT_EQ(rate.target, "worker/mail");
  const PodQuery cpu = query({.type = api::MetricType::kResource,
                              .resource = "cpu",
                              .target = {.type = api::TargetType::kAverageUtilization}});
  EXPECT_EQ(cpu.reading, Reading::kResourcePercent);
  EXPECT_EQ(cpu.name, "cpu");
  EXPECT_EQ(cpu.container, "");
  const PodQuery memory =
      query({.type = api::MetricType::kResource, .resource = "memory", .container = "api"});
  EXPECT_EQ(memory.reading, Reading::kResourceAmount);
  EXPECT_EQ(memory.container, "api");
  EXPECT_FALSE(ParseSource("http://prometheus:9090", "up"));
}

TEST(Exposition, ReadsWhatMakesSense) {
  std::vector<std::string> seen;
  ForEachSample(
      "# HELP a b\n a{x=\"1\"} 2\nb 3 1700\nc{x=\"}\\\"\",y=\"z\"} 4\nbad\ne{ 5\nf x\ng +Inf",
      [&](const ExposedSample& sample) {
        seen.push_back(std::string(sample.name) + "|" + std::string(sample.Label("y")) + "|" +
                       std::to_string(sample.value));
      });
  EXPECT_THAT(seen, testing::ElementsAre("a||2.000000", "b||3.000000", "c|z|4.000000", "g||inf"));
}

// One server that answers, one that never does, one that is not there.
TEST(Scrape, WaitsForAllButNotForEver) {
  namespace asio = boost::asio;
  using asio::ip::tcp;
  asio::io_context loop;
  tcp::acceptor good(loop, {asio::ip::address_v4::loopback(), 0});
  tcp::acceptor silent(loop, {asio::ip::address_v4::loopback(), 0});
  tcp::acceptor gone(loop, {asio::ip::address_v4::loopback(), 0});
  const std::uint16_t gone_port = gone.local_endpoint().port();
  gone.close();
  std::jthread serve([&] {
    tcp::socket socket(loop);
    good.accept(socket);
    asio::streambuf request;
    asio::read_until(socket, request, "\r\n\r\n");
    asio::write(
        socket,
        asio::buffer(std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nup 1\n")));
  });
  const auto answers = Scrape({{"127.0.0.1", good.local_endpoint().port()},
                               {"127.0.0.1", silent.local_endpoint().port()},
                               {"127.0.0.1", gone_port},
                               {"", 9090}},
                              500ms);
  ASSERT_TRUE(answers[0]) << answers[0].error().message;
  EXPECT_EQ(*answers[0], "up 1\n");
  ASSERT_FALSE(answers[1]);
  EXPECT_EQ(answers[1].error().code, ErrorCode::kDeadlineExceeded);
  ASSERT_FALSE(answers[2]);
  EXPECT_EQ(answers[2].error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(answers[3]);
}

}  // namespace
}  // namespace sb::podmetrics
