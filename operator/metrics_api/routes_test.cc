#include "operator/metrics_api/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/metrics_api/documents.h"
#include "operator/metrics_api/peer_text.h"

namespace sb::metrics_api {
namespace {

using testing::HasSubstr;

std::string Describe(std::string_view path) {
  const Route route = ParseRoute(path);
  if (std::holds_alternative<HealthRoute>(route)) return "health";
  if (const auto* document = std::get_if<DocumentRoute>(&route)) {
    return "document " + std::to_string(static_cast<int>(document->document));
  }
  if (const auto* metric = std::get_if<MetricRoute>(&route)) {
    return metric->namespace_name + " " + metric->metric;
  }
  return "none";
}

TEST(ParseRouteTest, KnowsWhatTheAggregatorAsks) {
  const std::pair<const char*, const char*> cases[] = {
      {"/healthz", "health"},
      {"/livez", "health"},
      {"/readyz", "health"},
      {"/apis", "document 0"},
      {"/apis/", "document 0"},
      {"/apis/external.metrics.k8s.io", "document 1"},
      {"/apis/external.metrics.k8s.io/v1beta1", "document 2"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/default/rate", "default rate"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a/http%5Frate", "a http_rate"},
      {"/apis/external.metrics.k8s.io/v1beta1/rate", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a/b/c", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces//b", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a/%2e%2e%2fb", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a/b%zz", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a/b%00", "none"},
      {"/apis/external.metrics.k8s.io/v1beta1/namespaces/a/\xff", "none"},
      {"/apis/external.metrics.k8s.io/v1beta2", "none"},
      {"/openapi/v2", "none"},
      {"/openapi/v3", "none"},
      {"/", "none"},
      {"", "none"},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(Describe(path), expected) << path;
}

Expected<scaling::MetricId> Metric(const std::string& selector) {
  return MetricOf({"default", "rate"}, "labelSelector=" + selector);
}

TEST(MetricOfTest, ReadsTheSelectorOfOurHpas) {
  const auto api =
      Metric("scalablebackend.io%2Fcomponent%3Dapi%2Cscalablebackend.io%2Fname%3Dtodo");
  ASSERT_TRUE(api) << api.error().message;
  EXPECT_EQ(*api, (scaling::MetricId{{"default", "todo"}, "api", "rate"}));
  const auto worker = Metric(
      "scalablebackend.io/component=worker,scalablebackend.io/name=todo,"
      "scalablebackend.io/worker=mail");
  ASSERT_TRUE(worker);
  EXPECT_EQ(*worker, (scaling::MetricId{{"default", "todo"}, "worker/mail", "rate"}));
}

TEST(MetricOfTest, RefusesOthers) {
  const std::pair<const char*, ErrorCode> cases[] = {
      {"", ErrorCode::kInvalidArgument},
      {"a", ErrorCode::kInvalidArgument},
      {"a=b=c", ErrorCode::kInvalidArgument},
      {"a!=b", ErrorCode::kInvalidArgument},
      {"a=b,a=c", ErrorCode::kInvalidArgument},
      {"a+in+(b)", ErrorCode::kInvalidArgument},
      {"a=%ff", ErrorCode::kInvalidArgument},
      {"app=todo", ErrorCode::kNotFound},
      {"scalablebackend.io/name=todo", ErrorCode::kNotFound},
      {"scalablebackend.io/name=todo,scalablebackend.io/component=api,x=y", ErrorCode::kNotFound},
  };
  for (const auto& [selector, code] : cases) {
    const auto metric = Metric(selector);
    ASSERT_FALSE(metric) << selector;
    EXPECT_EQ(metric.error().code, code) << selector;
  }
  EXPECT_FALSE(MetricOf({"default", "rate"}, ""));
  EXPECT_FALSE(MetricOf({"default", "rate"}, "pretty=true"));
}

// The HPA sums what it reads in thousandths: a value that is rounded to 0 would look like idleness.
TEST(QuantityTextTest, IsExactToTheThousandth) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},
      {1, "1"},
      {1.5, "1500m"},
      {0.1 + 0.2, "300m"},
      {0.0001, "1m"},
      {1000, "1000"},
      {2.0004, "2"},
      {123456.789, "123456789m"},
      {9.2e15, "9200000000000000"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(QuantityText(value), text);
}

TEST(DocumentsTest, AValueIsWhatTheHpaReads) {
  const Json list = MetricValueList("rate", 1.5, WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_EQ(list, Json::parse(R"({
      "kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1",
      "metadata": {}, "items": [{"metricName": "rate", "metricLabels": {},
      "timestamp": "2023-11-14T22:13:20Z", "value": "1500m"}]})"));
}

TEST(PeerTextTest, KnowsUtf8) {
  for (const char* good : {"", "abc", "é", "€", "😀"}) EXPECT_TRUE(IsUtf8(good)) << good;
  for (const char* bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"}) {
    EXPECT_FALSE(IsUtf8(bad));
    EXPECT_THROW(Json(bad).dump(), Json::exception) << "as strict as the JSON library";
  }
}

}  // namespace
}  // namespace sb::metrics_api
