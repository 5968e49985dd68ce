#include "operator/prometheus/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace sb::promql {
namespace {

using api::PrometheusAccess;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

// The Secret "shop/prom".
Expected<Credentials> ResolveWith(const std::map<std::string, std::string>& values,
                                  PrometheusAccess access) {
  access.namespace_ = "shop";
  return Resolve(
      access,
      [&](const std::string& namespace_name, const api::SecretKey& key) -> Expected<std::string> {
        EXPECT_EQ(namespace_name, "shop");
        const auto found = values.find(key.key);
        if (key.name == "prom" && found != values.end()) return found->second;
        return Fail(ErrorCode::kNotFound, "Secret shop/" + key.name + " has no key " + key.key);
      });
}

TEST(Credentials, NothingIsNothing) {
  const auto credentials = Resolve({}, [](const std::string&, const api::SecretKey&) {
    ADD_FAILURE() << "no Secret is read";
    return Expected<std::string>("");
  });
  ASSERT_TRUE(credentials);
  EXPECT_TRUE(credentials->headers.empty());
}

// Files that Secrets are made from end in a line break, which would end the header.
TEST(Credentials, ABearerTokenLosesItsLineBreak) {
  const auto credentials =
      ResolveWith({{"token", "abc.def\n"}}, {.bearer_token = {{"prom", "token"}}});
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_THAT(credentials->headers, ElementsAre(Pair("Authorization", "Bearer abc.def")));
}

TEST(Credentials, BasicIsThatOfRfc7617) {
  const auto credentials =
      ResolveWith({{"username", "Aladdin"}, {"password", "open sesame"}},
                  {.username = {{"prom", "username"}}, .password = {{"prom", "password"}}});
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_THAT(credentials->headers,
              ElementsAre(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
  EXPECT_EQ(WithoutSecrets("open sesame, QWxhZGRpbjpvcGVuIHNlc2FtZQ==, up", *credentials),
            "***, ***, up");
}

TEST(Credentials, HeadersFromTheSpecAndFromSecrets) {
  const auto credentials =
      ResolveWith({{"api-key", "k3y"}},
                  {.headers = {{"X-Scope-OrgID", "shop"}, {"X-Api-Key", "", {{"prom", "api-key"}}}},
                   .query_parameters = {{"namespace", "shop"}}});
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_THAT(credentials->headers,
              ElementsAre(Pair("X-Scope-OrgID", "shop"), Pair("X-Api-Key", "k3y")));
  EXPECT_THAT(credentials->query_parameters, ElementsAre(Pair("namespace", "shop")));
}

TEST(Credentials, Certificates) {
  const auto credentials = ResolveWith({{"ca.crt", "CA"}, {"tls.crt", "C"}, {"tls.key", "K"}},
                                       {.authority = {{"prom", "ca.crt"}},
                                        .certificate = {{"prom", "tls.crt"}},
                                        .key = {{"prom", "tls.key"}}});
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->authority_pem, "CA");
  EXPECT_EQ(credentials->certificate_pem, "C");
  EXPECT_EQ(credentials->key_pem, "K");
  EXPECT_EQ(credentials->tls_origin, "Secret shop/prom");
}

TEST(Credentials, WhatIsMissingIsNamed) {
  const auto credentials = ResolveWith({{"token", "x"}}, {.bearer_token = {{"prom", "other"}}});
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(credentials.error().message, "Secret shop/prom has no key other");
}

struct BadValue {
  const char* name;
  const char* value;
  const char* why;
};
class BadValueTest : public testing::TestWithParam<BadValue> {};

// A line break inside a value would begin another header, or another request.
TEST_P(BadValueTest, IsRefusedWithoutBeingShown) {
  const auto [name, value, why] = GetParam();
  for (const PrometheusAccess& access :
       {PrometheusAccess{.bearer_token = {{"prom", "v"}}},
        PrometheusAccess{.headers = {{"X-Key", "", {{"prom", "v"}}}}},
        PrometheusAccess{.username = {{"prom", "v"}}, .password = {{"prom", "v"}}}}) {
    const auto credentials = ResolveWith({{"v", value}}, access);
    ASSERT_FALSE(credentials) << name;
    EXPECT_EQ(credentials.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(credentials.error().message,
                HasSubstr("Secret shop/prom, key v " + std::string(why)));
    EXPECT_THAT(credentials.error().message, Not(HasSubstr("hunter2")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadValueTest,
    testing::Values(BadValue{"empty", "", "is empty"}, BadValue{"space", " \n", "is empty"},
                    BadValue{"header", "hunter2\r\nHost: evil", "holds a line break"},
                    BadValue{"line_feed", "hunter2\nx", "holds a line break"},
                    BadValue{"delete", "hunter2\x7fx", "holds a line break"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sb::promql
