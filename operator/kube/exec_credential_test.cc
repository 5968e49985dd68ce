#include "operator/kube/exec_credential.h"

#include <gtest/gtest.h>

namespace sb::kube {
namespace {

constexpr char kV1[] = "client.authentication.k8s.io/v1";

TEST(ExecInfo, TellsThePluginThatNobodyIsThereAndTheClusterIfItAsked) {
  const ClusterConfig config = {.server = "https://k:6443",
                                .tls_server_name = "kubernetes",
                                .ca_pem = "unused",
                                .proxy_url = "http://p:1"};
  ExecPlugin plugin = {.api_version = kV1};
  EXPECT_EQ(
      ExecInfo(config, plugin, "ca"),
      (Json{{"apiVersion", kV1}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}}));
  plugin.provide_cluster_info = true;
  plugin.cluster_extension = {{"audience", "a"}};
  EXPECT_EQ(ExecInfo(config, plugin, "ca")["spec"]["cluster"],
            (Json{{"server", "https://k:6443"},
                  {"tls-server-name", "kubernetes"},
                  {"certificate-authority-data", "Y2E="},
                  {"proxy-url", "http://p:1"},
                  {"config", {{"audience", "a"}}}}));
  EXPECT_EQ(ExecInfo({.server = "s", .insecure_skip_tls_verify = true},
                     {.provide_cluster_info = true}, "")["spec"]["cluster"],
            (Json{{"server", "s"}, {"insecure-skip-tls-verify", true}}));
}

Expected<ExecCredential> Parse(const Json& status) {
  return ParseExecCredential(
      Json{{"apiVersion", kV1}, {"kind", "ExecCredential"}, {"status", status}}.dump(), kV1);
}

TEST(ExecCredential, HoldsATokenOrAPair) {
  const auto token = Parse({{"token", "t"}});
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->token, "t");
  EXPECT_FALSE(token->expires);
  const auto pair = Parse({{"clientCertificateData", "c"}, {"clientKeyData", "k"}});
  ASSERT_TRUE(pair) << pair.error().message;
  EXPECT_EQ(pair->client_certificate_pem, "c");
  EXPECT_EQ(pair->client_key_pem, "k");
}

TEST(ExecCredential, ExpiresAtAnyRfc3339Time) {
  const std::pair<std::string, std::string> kCases[] = {
      {"2026-11-24T07:12:13Z", "2026-11-24T07:12:13Z"},
      {"2026-11-24T07:12:13.5Z", "2026-11-24T07:12:13Z"},
      {"2026-11-24T07:12:13+01:30", "2026-11-24T05:42:13Z"},
      {"2026-11-24T07:12:13.123456-05:00", "2026-11-24T12:12:13Z"},
  };
  for (const auto& [text, utc] : kCases) {
    const auto parsed = Parse({{"token", "t"}, {"expirationTimestamp", text}});
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    ASSERT_TRUE(parsed->expires);
    EXPECT_EQ(FormatTime(*parsed->expires), utc);
  }
  EXPECT_FALSE(Parse({{"token", "t"}, {"expirationTimestamp", "9999-12-31T23:59:59Z"}})->expires);
  EXPECT_FALSE(Parse({{"token", "t"}, {"expirationTimestamp", nullptr}})->expires);
}

TEST(ExecCredential, SaysWhatIsWrongWithoutTheSecret) {
  const std::pair<std::string, std::string> kCases[] = {
      {"", "no ExecCredential"},
      {"hunter2", "no ExecCredential"},
      {"[\"hunter2\"]", "no ExecCredential"},
      {R"({"kind": "Other", "status": {"token": "hunter2"}})", "no ExecCredential"},
      {R"({"kind": "ExecCredential", "apiVersion": "v2", "status": {"token": "hunter2"}})",
       "apiVersion \"v2\" where its kubeconfig says client.authentication.k8s.io/v1"},
      {Json{{"kind", "ExecCredential"}, {"apiVersion", kV1}}.dump(), "without a token"},
      {Json{{"kind", "ExecCredential"}, {"apiVersion", kV1}, {"status", {{"token", 3}}}}.dump(),
       "without a token"},
      {Json{{"kind", "ExecCredential"},
            {"apiVersion", kV1},
            {"status", {{"token", "hunter2"}, {"clientKeyData", "hunter2"}}}}
           .dump(),
       "only one of"},
  };
  for (const auto& [text, says] : kCases) {
    const auto parsed = ParseExecCredential(text, kV1);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find(says), std::string::npos) << parsed.error().message;
    EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos);
  }
  for (const Json& time : {Json(""), Json("soon"), Json("2026-11-24T07:12:13"), Json(3),
                           Json("2026-11-24T07:12:13+0x:00"), Json("3000")}) {
    EXPECT_FALSE(Parse({{"token", "t"}, {"expirationTimestamp", time}})) << time;
  }
}

}  // namespace
}  // namespace sb::kube
