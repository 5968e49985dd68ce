#include "operator/kube/cluster_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base64.h"

namespace sb::kube {
namespace {

constexpr char kConfig[] = R"(
apiVersion: v1
kind: Config
current-context: prod
contexts:
- {name: dev, context: {cluster: dev, user: token}}
- {name: prod, context: {cluster: prod, user: cert, namespace: team}}
- {name: exec, context: {cluster: dev, user: exec}}
- {name: lost, context: {cluster: nowhere, user: cert}}
- {name: nobody, context: {cluster: dev, user: nobody}}
clusters:
- {name: dev, cluster: {server: "https://[::1]:6443", certificate-authority: pki/ca.crt, tls-server-name: kubernetes}}
- {name: prod, cluster: {server: "https://10.0.0.1:6443/", certificate-authority-data: Y2E=}}
users:
- {name: token, user: {tokenFile: /run/token}}
- {name: cert, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5, token: t}}
- {name: exec, user: {exec: {command: aws}}}
)";

TEST(Kubeconfig, TakesTheCurrentContext) {
  const auto config = ParseKubeconfig(kConfig, "", "/home/me/.kube");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->ca_pem, "ca");
  EXPECT_EQ(config->client_certificate_pem, "cert");
  EXPECT_EQ(config->client_key_pem, "key");
  EXPECT_EQ(config->token, "t");
  EXPECT_EQ(config->namespace_, "team");
}

TEST(Kubeconfig, KeepsRotatingFilesAsFiles) {
  const auto config = ParseKubeconfig(kConfig, "dev", "/home/me/.kube");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ca_file, "/home/me/.kube/pki/ca.crt");
  EXPECT_EQ(config->token_file, "/run/token");
  EXPECT_EQ(config->tls_server_name, "kubernetes");
  EXPECT_EQ(config->namespace_, "default");
}

TEST(Kubeconfig, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> kCases[] = {
      {"exec", "user exec: exec is not supported"},
      {"lost", "no cluster nowhere"},
      {"nobody", "no user nobody"},
      {"missing", "no context missing"},
  };
  for (const auto& [context, says] : kCases) {
    const auto config = ParseKubeconfig(kConfig, context, "");
    ASSERT_FALSE(config) << context;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(config.error().message.find(says), std::string::npos) << config.error().message;
  }
}

TEST(Kubeconfig, SurvivesAnyText) {
  for (const char* text :
       {"", "[]", "a", "{", "current-context: {}", "current-context: a\ncontexts: 3",
        "current-context: a\ncontexts: [1, [], {name: a}, {name: a, context: 7}]",
        "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, "
        "cluster: [1]}]",
        "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: 5}]\n",
        "? [a, b]\n: c", "&x [*x]", "\xff\xfe", "a: !!binary x\n"}) {
    (void)ParseKubeconfig(text, "", "");
    (void)ParseKubeconfig(text, "a", "");
  }
}

class InClusterTest : public testing::Test {
 protected:
  InClusterTest() {
    char name[] = "/tmp/sb_kube_test_XXXXXX";
    directory_ = mkdtemp(name);
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  }
  ~InClusterTest() override {
    std::filesystem::remove_all(directory_);
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
  }
  void Write(const char* file, const char* text) { std::ofstream(directory_ + "/" + file) << text; }

  std::string directory_;
};

TEST_F(InClusterTest, ReadsTheServiceAccount) {
  Write("token", "t");
  Write("ca.crt", "ca");
  Write("namespace", "team");
  const auto config = InCluster(directory_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->token_file, directory_ + "/token");
  EXPECT_EQ(config->ca_file, directory_ + "/ca.crt");
  EXPECT_EQ(config->namespace_, "team");
}

TEST_F(InClusterTest, SaysWhatIsMissing) {
  EXPECT_EQ(InCluster(directory_).error().code, ErrorCode::kInvalidArgument);
  unsetenv("KUBERNETES_SERVICE_HOST");
  EXPECT_EQ(InCluster(directory_).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sb::kube
