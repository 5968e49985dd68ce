// The server over real loopback sockets: what a client would lose if framing, limits or draining
// broke.
#include "common/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <thread>

#include "common/http/raw_client.h"

namespace sb::http {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A server on its own thread.
class RunningServer {
 public:
  explicit RunningServer(ServerOptions options = {}) {
    options.address = "127.0.0.1";
    server_.emplace(loop_, options,
                    [this](const Request& request) -> Task { return Handle(request); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~RunningServer() {
    asio::post(loop_, [this] { server_.reset(); });
    asio::post(loop_, [this] { loop_.stop(); });
    thread_.join();
  }

  RawClient Connect() { return RawClient(server_->port()); }
  void OnLoop(std::function<void()> run) {
    std::promise<void> done;
    asio::post(loop_, [&] {
      run();
      done.set_value();
    });
    done.get_future().wait();
  }
  Server& server() { return *server_; }
  asio::io_context& loop() { return loop_; }
  std::promise<void> slow_started;

 private:
  Task Handle(const Request& request) {
    Response response;
    if (request.path == "/throw") throw std::runtime_error("secret detail");
    if (request.path == "/slow") {
      slow_started.set_value();
      asio::steady_timer timer(loop_, milliseconds(300));
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (request.path == "/big") {
      response.body.assign(4 << 20, 'x');
      co_return response;
    }
    response.headers.emplace_back("X-Split", "a\r\nEvil: 1");
    response.body = std::string(request.method) + " " + std::string(request.path) +
                    " q=" + std::string(request.query) + " b=" + std::string(request.body) +
                    " h=" + std::string(request.header("x-test")) +
                    " n=" + std::to_string(request.headers("X-TEST").size()) + " from " +
                    std::string(request.remote_address);
    co_return response;
  }

  asio::io_context loop_{1};
  std::optional<Server> server_;
  std::thread thread_;
};

TEST(Server, GivesTheHandlerWhatWasSent) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send(
      "POST /a/b?c=d&e HTTP/1.1\r\nHost: x\r\nX-Test: 1\r\nx-test: 2\r\nContent-Length: "
      "3\r\n\r\nabc");
  const std::string answer = client.ReadAnswer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("POST /a/b q=c=d&e b=abc h=1 n=2 from 127.0.0.1"));
  EXPECT_THAT(answer, Not(HasSubstr("Evil")));
  EXPECT_THAT(answer, Not(HasSubstr("Connection: close")));
}

TEST(Server, JoinsChunksAndDropsTrailers) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n");
  client.Send("0\r\nX-Test: trailer\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("b=abcde h= n=0"));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 "
      "HTTP/1.1\r\nHost: x\r\n\r\n");
  for (const char* path : {"GET /1", "GET /2", "GET /3"}) {
    EXPECT_THAT(client.ReadAnswer(), HasSubstr(path));
  }
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  RunningServer running;
  RawClient client = running.Connect();
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "POST /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (const char byte : request) client.Send(std::string(1, byte));
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST /p q= b=abc"));
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST /q q= b= "));
}

TEST(Server, SendsALargeAnswerWhole) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_GT(client.ReadAnswer().size(), std::size_t{4 << 20});
}

TEST(Server, HeadHasNoBody) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), testing::EndsWith("\r\n\r\n"));
}

TEST(Server, AsksForTheBodyThatTheClientHoldsBack) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(client.ReadSome(), StartsWith("HTTP/1.1 100 Continue\r\n\r\n"));
  client.Send("ok");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("b=ok"));
}

TEST(Server, Http10ClosesUnlessAsked) {
  RunningServer running;
  RawClient once = running.Connect();
  once.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(once.ReadToEnd(), HasSubstr("Connection: close"));
  RawClient kept = running.Connect();
  kept.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(kept.ReadAnswer(), HasSubstr("Connection: keep-alive"));
}

TEST(Server, AFailedHandlerTellsNothing) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.ReadAnswer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, HasSubstr(R"({"detail":"Internal Server Error"})"));
}

struct BrokenFraming {
  const char* name;
  std::string request;
  const char* status = "400";
};

class Framing : public testing::TestWithParam<BrokenFraming> {};

TEST_P(Framing, IsRefusedAndTheConnectionEnds) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send(GetParam().request);
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string(GetParam().status) + " "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << "a second answer: " << answer;
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: x\r\n";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Forms, Framing,
    testing::Values(
        BrokenFraming{
            "LengthThenChunked",
            kPost + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kSmuggled},
        BrokenFraming{
            "ChunkedThenLength",
            kPost + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + kSmuggled},
        BrokenFraming{"TwoLengths", kPost + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"},
        BrokenFraming{"SameLengthTwice",
                      kPost + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"},
        BrokenFraming{"LengthList", kPost + "Content-Length: 4, 5\r\n\r\nabcd"},
        BrokenFraming{"NegativeLength", kPost + "Content-Length: -1\r\n\r\n"},
        BrokenFraming{"SignedLength", kPost + "Content-Length: +4\r\n\r\nabcd"},
        BrokenFraming{"UnknownEncoding", kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
        BrokenFraming{"ChunkedNotLast",
                      kPost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
        BrokenFraming{"GzipChunked", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        BrokenFraming{
            "TwoEncodings",
            kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        BrokenFraming{"ChunkedOnHttp10",
                      "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        BrokenFraming{"NoHost", "GET / HTTP/1.1\r\n\r\n"},
        BrokenFraming{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        BrokenFraming{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        BrokenFraming{"BareLineFeed", "GET / HTTP/1.1\nHost: a\n\n"},
        BrokenFraming{"FoldedHeader", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"},
        BrokenFraming{"NegativeChunk", kPost + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"},
        BrokenFraming{"HugeChunkSize",
                      kPost + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"},
        BrokenFraming{"ChunkWithoutEnd",
                      kPost + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"},
        BrokenFraming{"AuthorityForm", "GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n"},
        BrokenFraming{"NotHttp", "hello\r\n\r\n"},
        BrokenFraming{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        BrokenFraming{"LongHeader",
                      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
                      "431"},
        BrokenFraming{"ManySmallHeaders",
                      [] {
                        std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
                        for (int i = 0; i < 200; ++i) request += "X: 1\r\n";
                        return request + "\r\n";
                      }(),
                      "431"},
        BrokenFraming{"LongTarget",
                      "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "431"},
        BrokenFraming{"LargeBody", kPost + "Content-Length: 104857600\r\n\r\n", "413"},
        BrokenFraming{"LargeChunk", kPost + "Transfer-Encoding: chunked\r\n\r\n6400000\r\n",
                      "413"}),
    [](const auto& test) { return test.param.name; });

TEST(Server, AHalfSentRequestIsTimedOut) {
  RunningServer running({.read_timeout = milliseconds(60)});
  RawClient client = running.Connect();
  client.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

TEST(Server, AnIdleConnectionIsClosedWithoutAWord) {
  // It counts from the connection on, so that a client on a busy machine must get to its request.
  RunningServer running({.idle_timeout = milliseconds(2'000)});
  RawClient client = running.Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadAnswer();
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST(Server, TooManyConnectionsAreToldSo) {
  RunningServer running({.max_connections = 1});
  RawClient first = running.Connect();
  first.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  first.ReadAnswer();
  RawClient second = running.Connect();
  EXPECT_THAT(second.ReadToEnd(), StartsWith("HTTP/1.1 503 "));
}

TEST(Server, AnnounceCloseKeepsServingAndEndsEachConnectionWithItsAnswer) {
  RunningServer running;
  RawClient client = running.Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadAnswer();
  running.OnLoop([&] { running.server().AnnounceClose(); });
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("Connection: close"));
  RawClient later = running.Connect();
  later.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(later.ReadToEnd(), HasSubstr("200 OK"));
}

TEST(Server, DrainLetsTheRequestInFlightFinish) {
  RunningServer running;
  RawClient idle = running.Connect();
  idle.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.ReadAnswer();
  RawClient client = running.Connect();
  client.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  running.slow_started.get_future().wait();
  std::promise<std::size_t> left;
  asio::co_spawn(
      running.loop(),
      [&]() -> asio::awaitable<void> {
        co_await running.server().Drain(std::chrono::seconds(10));
        left.set_value(running.server().open_connections());
      },
      asio::detached);
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("GET /slow"));
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(left.get_future().get(), 0u);
}

TEST(Server, DrainGivesUpAtItsDeadline) {
  RunningServer running;
  RawClient stuck = running.Connect();
  stuck.Send("GET / HTTP/1.1\r\nHost: x\r\nX: half");
  std::promise<void> done;
  asio::co_spawn(
      running.loop(),
      [&]() -> asio::awaitable<void> {
        co_await running.server().Drain(milliseconds(100));
        done.set_value();
      },
      asio::detached);
  done.get_future().wait();
  EXPECT_EQ(stuck.ReadToEnd(), "");
}

}  // namespace
}  // namespace sb::http
