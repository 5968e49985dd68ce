// What a user may say of Prometheus beyond its url, and what is refused before a request is made.
#include "operator/api/parse_prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/api/parse.h"

namespace sb::api {
namespace {

using testing::HasSubstr;

const OperatorDefaults kDefaults{"todo:1", "postgres:1", "redis:1", "https://prometheus:9090"};

Expected<Backend> ParseWith(const std::string& prometheus) {
  const Json object = {{"metadata", {{"name", "todo"}, {"namespace", "shop"}, {"uid", "u"}}},
                       {"spec", {{"monitoring", {{"prometheus", Json::parse(prometheus)}}}}}};
  return Parse(object, kDefaults);
}

TEST(ParsePrometheus, NothingSaidIsNothingAdded) {
  const auto backend = ParseWith("{}");
  ASSERT_TRUE(backend) << backend.error().message;
  EXPECT_TRUE(backend->prometheus_access.IsPlain());
}

TEST(ParsePrometheus, ReadsAllOfIt) {
  const auto backend = ParseWith(R"json({
    "url": "https://thanos:9091",
    "basicAuth": {"username": {"name": "prom", "key": "user"},
                  "password": {"name": "prom", "key": "pass"}},
    "tls": {"ca": {"name": "ca", "key": "ca.crt"},
            "certificate": {"name": "c", "key": "tls.crt"}, "key": {"name": "c", "key": "tls.key"}},
    "headers": [{"name": "X-Scope-OrgID", "value": "$(namespace)-$(name)"},
                {"name": "X-Key", "secretRef": {"name": "prom", "key": "key"}}],
    "queryParameters": [{"name": "namespace", "value": "$(namespace)"}]
})json");
  ASSERT_TRUE(backend) << backend.error().message;
  const PrometheusAccess expected{
      .namespace_ = "shop",
      .username = {{"prom", "user"}},
      .password = {{"prom", "pass"}},
      .authority = {{"ca", "ca.crt"}},
      .certificate = {{"c", "tls.crt"}},
      .key = {{"c", "tls.key"}},
      .headers = {{"X-Scope-OrgID", "shop-todo"}, {"X-Key", "", {{"prom", "key"}}}},
      .query_parameters = {{"namespace", "shop"}}};
  EXPECT_EQ(backend->prometheus_access, expected);
}

// Without secrets two namespaces ask in the same way, and share.
TEST(ParsePrometheus, TheNamespaceCountsOnlyWithASecret) {
  const auto plain = ParseWith(R"json({"headers": [{"name": "THANOS-TENANT", "value": "a"}]})json");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->prometheus_access.namespace_, "");
  const auto secret = ParseWith(R"json({"bearerToken": {"name": "prom", "key": "token"}})json");
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_EQ(secret->prometheus_access.namespace_, "shop");
}

struct Refused {
  const char* name;
  const char* prometheus;
  const char* says;
};
class ParsePrometheusRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ParsePrometheusRefuses, AndSaysWhatToDo) {
  const auto backend = ParseWith(GetParam().prometheus);
  ASSERT_FALSE(backend);
  EXPECT_THAT(backend.error().message,
              HasSubstr("spec.monitoring.prometheus" + std::string(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    All, ParsePrometheusRefuses,
    testing::Values(
        Refused{"two_ways",
                R"json({"bearerToken": {"name": "a", "key": "b"},
                    "basicAuth": {"username": {"name": "a", "key": "b"},
                                  "password": {"name": "a", "key": "b"}}})json",
                ".basicAuth: does not go with bearerToken"},
        Refused{"half_a_login", R"json({"basicAuth": {"username": {"name": "a", "key": "b"}}})json",
                ".basicAuth.password: "},
        Refused{"no_key", R"json({"bearerToken": {"name": "a"}})json", ".bearerToken.key: "},
        Refused{"half_a_certificate",
                R"json({"tls": {"certificate": {"name": "a", "key": "b"}}})json",
                ".tls: has only one of certificate and key"},
        Refused{"tls_without_https",
                R"json({"url": "http://p:9090", "tls": {"ca": {"name": "a", "key": "b"}}})json",
                ".tls: needs a url that begins with https://"},
        Refused{"host", R"json({"headers": [{"name": "HOST", "value": "x"}]})json",
                ".headers[0].name: \"HOST\" is not a header to set here"},
        Refused{
            "authorization",
            R"json({"headers": [{"name": "Authorization", "secretRef": {"name": "a", "key": "b"}}]})json",
            ".headers[0].name: \"Authorization\" is not a header to set here; use bearerToken"},
        Refused{"line_break", R"json({"headers": [{"name": "X-A", "value": "a\r\nHost: b"}]})json",
                ".headers[0].value: holds a line break"},
        Refused{"name_with_colon", R"json({"headers": [{"name": "X-A: b", "value": "a"}]})json",
                ".headers[0].name: \"X-A: b\" has to be letters"},
        Refused{
            "twice",
            R"json({"headers": [{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}]})json",
            ".headers[1].name: \"x-a\" is used twice"},
        Refused{"value_and_secret",
                R"json({"headers": [{"name": "X-A", "value": "1",
                                 "secretRef": {"name": "a", "key": "b"}}]})json",
                ".headers[0]: has to have exactly one of value and secretRef"},
        Refused{"neither", R"json({"headers": [{"name": "X-A"}]})json",
                ".headers[0]: has to have exactly one of value and secretRef"},
        Refused{"own_parameter",
                R"json({"queryParameters": [{"name": "query", "value": "up"}]})json",
                ".queryParameters[0].name: \"query\" is set by the operator"},
        Refused{"unknown_variable",
                R"json({"queryParameters": [{"name": "namespace", "value": "$(team)"}]
})json",
                ".queryParameters[0].value: "}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sb::api
