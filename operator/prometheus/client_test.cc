#include "operator/prometheus/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "common/http/server.h"

namespace sb::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr const char* kOne =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}})";

// A Prometheus on loopback that answers as told.
class FakePrometheus {
 public:
  FakePrometheus()
      : server_(loop_, {.address = "127.0.0.1"},
                [this](const http::Request& request) { return Answer(request); }),
        thread_([this] { loop_.run(); }) {}
  ~FakePrometheus() {
    loop_.stop();
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void Set(int status, std::string body) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    body_ = std::move(body);
  }
  void Hang() {
    const std::lock_guard lock(mutex_);
    hang_ = true;
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  http::Task Answer(const http::Request& request) {
    http::Response response;
    bool hang = false;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::string(request.method) + " " + std::string(request.path) + " " +
                          std::string(request.query) + std::string(request.body));
      response.status = status_;
      response.body = body_;
      if (status_ == 302) response.headers.emplace_back("Location", url() + "/elsewhere");
      hang = hang_;
    }
    if (hang) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1h);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return response;
  }

  std::mutex mutex_;
  int status_ = 200;
  std::string body_ = kOne;
  bool hang_ = false;
  std::vector<std::string> requests_;

  boost::asio::io_context loop_{1};
  http::Server server_;
  std::thread thread_;
};

TEST(ClientTest, AsksAndReads) {
  FakePrometheus prometheus;
  Client client;
  for (int i = 0; i < 2; ++i) {
    const auto vector = client.Query(prometheus.url(), R"(sum(up{job="a b"}) + 1)");
    ASSERT_TRUE(vector) << vector.error().message;
    EXPECT_DOUBLE_EQ(vector->front().value, 42);
  }
  const std::string asked = "GET /api/v1/query query=sum%28up%7Bjob%3D%22a%20b%22%7D%29%20%2B%201";
  EXPECT_THAT(prometheus.requests(), ElementsAre(asked, asked));
}

TEST(ClientTest, KeepsAPrefixAndDropsTrailingSlashes) {
  FakePrometheus prometheus;
  Client client;
  ASSERT_TRUE(client.Query(prometheus.url() + "/team/prom/", "up"));
  EXPECT_THAT(prometheus.requests(), ElementsAre("GET /team/prom/api/v1/query query=up"));
}

TEST(ClientTest, LongQueriesGoIntoTheBody) {
  FakePrometheus prometheus;
  Client client;
  const auto vector = client.Query(prometheus.url(), std::string(20'000, 'x'));
  ASSERT_TRUE(vector) << vector.error().message;
  EXPECT_THAT(prometheus.requests(), ElementsAre(StartsWith("POST /api/v1/query query=xxx")));
}

TEST(ClientTest, HandsOnWhatPrometheusSays) {
  FakePrometheus prometheus;
  prometheus.Set(400, R"({"status":"error","errorType":"bad_data","error":"1:1: parse error"})");
  const auto vector = Client().Query(prometheus.url(), "(");
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(vector.error().message, "Prometheus rejected it: 1:1: parse error");
}

TEST(ClientTest, DoesNotFollowRedirections) {
  FakePrometheus prometheus;
  prometheus.Set(302, "");
  const auto vector = Client().Query(prometheus.url(), "up");
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kInvalidArgument) << vector.error().message;
  EXPECT_EQ(prometheus.requests().size(), 1u);
}

TEST(ClientTest, NobodyThere) {
  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor taken(loop, {boost::asio::ip::make_address("127.0.0.1"), 0});
  const auto port = taken.local_endpoint().port();
  taken.close();
  const auto vector = Client().Query("http://127.0.0.1:" + std::to_string(port), "up");
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(vector.error().message, HasSubstr("cannot be reached: "));
}

TEST(ClientTest, GivesUpInTimeAndWorksAgainAfterwards) {
  FakePrometheus hanging;
  hanging.Hang();
  FakePrometheus working;
  Client client;
  const auto vector = client.Query(hanging.url(), "up", 100ms);
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(client.Query(working.url(), "up"));
}

TEST(ClientTest, RefusesAnAnswerWithoutEnd) {
  FakePrometheus prometheus;
  prometheus.Set(200, std::string(3 << 20, ' '));
  const auto vector = Client().Query(prometheus.url(), "up");
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(vector.error().message, HasSubstr("1 MiB"));
}

TEST(ClientTest, FindsARestartedServer) {
  auto first = std::make_unique<FakePrometheus>();
  const std::string url = first->url();
  Client client;
  ASSERT_TRUE(client.Query(url, "up"));
  first.reset();
  EXPECT_EQ(client.Query(url, "up").error().code, ErrorCode::kUnavailable);
}

struct BadUrl {
  const char* name;
  const char* url;
};

class BadUrlTest : public testing::TestWithParam<BadUrl> {};

TEST_P(BadUrlTest, IsRefusedWithAnExample) {
  const auto vector = Client().Query(GetParam().url, "up");
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(vector.error().message, HasSubstr("http://prometheus.monitoring:9090"));
  EXPECT_THAT(vector.error().message, testing::Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadUrlTest,
    testing::Values(BadUrl{"empty", ""}, BadUrl{"no_scheme", "prometheus:9090"},
                    BadUrl{"other_scheme", "file:///etc/passwd"}, BadUrl{"no_host", "http:///x"},
                    BadUrl{"password", "http://u:secret@p:9090"},
                    BadUrl{"query", "http://p:9090/?x=1"}, BadUrl{"space", "http://p:9090/a b"},
                    BadUrl{"line_break", "http://p:9090\r\nX: y"}),
    [](const auto& test) { return test.param.name; });

TEST(ClientTest, APortThatIsNoneIsAnError) {
  EXPECT_FALSE(Client().Query("http://127.0.0.1:99999", "up", 1s));
  EXPECT_FALSE(Client().Query("http://127.0.0.1:port", "up", 1s));
  EXPECT_FALSE(Client().Query("http://[::", "up", 1s));
}

}  // namespace
}  // namespace sb::promql
