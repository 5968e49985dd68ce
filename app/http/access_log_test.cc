#include "app/http/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json.h"

namespace todo::http {
namespace {

using namespace std::chrono_literals;
using sb::http::HeaderField;
using sb::http::Request;
using sb::http::Response;

class AccessLogTest : public testing::Test {
 protected:
  // The lines that a request of that kind gives.
  std::vector<sb::Json> Lines(AccessLog& log, Response& response, sb::Duration took = 1ms,
                              std::span<const HeaderField> fields = {}, int times = 1) {
    testing::internal::CaptureStdout();
    const Request request{.method = "GET",
                          .path = "/users/7",
                          .query = "token=secret",
                          .body = "secret",
                          .remote_address = "10.0.0.7",
                          .fields = fields};
    for (int i = 0; i < times; ++i) log.Finished(request, "/users/{user_id}", response, took, now_);
    std::istringstream text(testing::internal::GetCapturedStdout());
    std::vector<sb::Json> lines;
    for (std::string line; std::getline(text, line);) {
      EXPECT_EQ(line.find("secret"), std::string::npos) << line;
      lines.push_back(sb::Json::parse(line));
    }
    return lines;
  }

  sb::TimePoint now_ = sb::TimePoint{} + 1h;
};

TEST_F(AccessLogTest, AFailureCanBeFoundByItsIds) {
  AccessLog log(AccessLog::Level::kFailures);
  Response response{.status = 503};
  const HeaderField fields[] = {
      {"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
      {"X-Request-Id", "from-the-proxy"}};
  const auto lines = Lines(log, response, 1500us, fields);
  ASSERT_EQ(lines.size(), 1U);
  const sb::Json& line = lines[0];
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["route"], "/users/{user_id}");
  EXPECT_EQ(line["status"], 503);
  EXPECT_EQ(line["took_ms"], 1.5);
  EXPECT_EQ(line["client"], "10.0.0.7");
  EXPECT_EQ(line["request_id"], "from-the-proxy");
  EXPECT_EQ(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(line["span_id"], "b7ad6b7169203331");
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("X-Request-Id", "from-the-proxy")));
}

TEST_F(AccessLogTest, ARequestIdThatCouldForgeALineIsReplaced) {
  AccessLog log(AccessLog::Level::kFailures);
  Response response{.status = 500};
  const HeaderField fields[] = {{"X-Request-Id", "a\",\"level\":\"info"}, {"traceparent", "00-x"}};
  const auto lines = Lines(log, response, 1ms, fields);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["request_id"].get<std::string>().size(), 32U);
  EXPECT_FALSE(lines[0].contains("trace_id"));
}

TEST_F(AccessLogTest, WhatIsWellLeavesNoLineUnlessAsked) {
  Response well, slow;
  AccessLog failures(AccessLog::Level::kFailures), all(AccessLog::Level::kAll),
      off(AccessLog::Level::kOff);
  EXPECT_TRUE(Lines(failures, well).empty());
  EXPECT_TRUE(well.headers.empty());
  EXPECT_EQ(Lines(failures, slow, 2s).size(), 1U);
  EXPECT_EQ(Lines(all, well).size(), 1U);
  Response failed{.status = 500};
  EXPECT_TRUE(Lines(off, failed, 2s).empty());
}

// A dependency that is away for a minute must not fill the disk.
TEST_F(AccessLogTest, ABurstOfFailuresIsCounted) {
  AccessLog log(AccessLog::Level::kFailures, 1s, 20);
  Response response{.status = 503};
  EXPECT_EQ(Lines(log, response, 1ms, {}, 1000).size(), 20U);
  now_ += 1s;
  const auto lines = Lines(log, response);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["left_out"], 980);
}

}  // namespace
}  // namespace todo::http
