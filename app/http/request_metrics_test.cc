#include "app/http/request_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace todo::http {
namespace {

using std::chrono::milliseconds;

std::string Text(const RequestMetrics& metrics) {
  return prometheus::TextSerializer().Serialize(metrics.Collect());
}
bool Has(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(RequestMetrics, UsualSeriesExistBeforeTheFirstRequest) {
  const RequestMetrics metrics({{"GET", "/users/{user_id}"}}, 1);
  const std::string text = Text(metrics);
  for (const char* code : {"200", "404", "422", "500", "503"}) {
    EXPECT_TRUE(Has(text, R"(http_requests_total{method="GET",route="/users/{user_id}",code=")" +
                              std::string(code) + "\"} 0"))
        << text;
  }
  EXPECT_EQ(text.find("unmatched"), std::string::npos);
}

TEST(RequestMetrics, AddsTheThreadsUp) {
  RequestMetrics metrics({{"GET", "/a"}, {"POST", "/b"}}, 2);
  for (const std::size_t thread : {0, 1}) {
    metrics.shard(thread).Started();
    metrics.shard(thread).Finished(metrics.SeriesOf(1), 200, milliseconds(thread == 0 ? 1 : 30));
  }
  metrics.shard(0).Started();
  const std::string text = Text(metrics);
  EXPECT_TRUE(Has(text, R"(http_requests_total{method="POST",route="/b",code="200"} 2)")) << text;
  EXPECT_TRUE(
      Has(text, R"(http_request_duration_seconds_bucket{method="POST",route="/b",le="0.001"} 1)"));
  EXPECT_TRUE(
      Has(text, R"(http_request_duration_seconds_bucket{method="POST",route="/b",le="0.05"} 2)"));
  EXPECT_TRUE(Has(text, R"(http_request_duration_seconds_count{method="POST",route="/b"} 2)"));
  EXPECT_TRUE(Has(text, "http_requests_in_flight 1"));
}

TEST(RequestMetrics, InventedMethodsAndCodesMakeNoNewSeries) {
  RequestMetrics metrics({{"GET", "/a"}}, 1);
  for (const char* method : {"BREW", "WHEN", "get"}) {
    metrics.shard(0).Started();
    metrics.shard(0).Finished(metrics.SeriesOfUnmatched(method), 418, milliseconds(0));
  }
  EXPECT_TRUE(Has(Text(metrics),
                  R"(http_requests_total{method="other",route="unmatched",code="other"} 3)"));
}

}  // namespace
}  // namespace todo::http
