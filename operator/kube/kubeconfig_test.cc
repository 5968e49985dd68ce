#include "operator/kube/kubeconfig.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "operator/kube/testing/temporary_files.h"

namespace sb::kube {
namespace {

constexpr char kConfig[] = R"(
apiVersion: v1
kind: Config
current-context: prod
contexts:
- {name: dev, context: {cluster: dev, user: files}}
- {name: prod, context: {cluster: prod, user: cert, namespace: team}}
- {name: anonymous, context: {cluster: dev}}
clusters:
- {name: dev, cluster: {server: "https://[::1]:6443", certificate-authority: pki/ca.crt, tls-server-name: kubernetes}}
- {name: prod, cluster: {server: "https://10.0.0.1:6443/", certificate-authority-data: Y2E=}}
users:
- {name: files, user: {tokenFile: /run/token, client-certificate: me.crt, client-key: pki/me.key}}
- {name: cert, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5, token: 0123}}
)";

Expected<ClusterConfig> ParseKubeconfig(const std::string& text, const std::string& context,
                                        const std::string& directory) {
  return ParseKubeconfigs({{text, directory}}, context);
}

TEST(Kubeconfig, TakesTheCurrentContext) {
  const auto config = ParseKubeconfig(kConfig, "", "/home/me/.kube");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->ca_pem, "ca");
  EXPECT_EQ(config->client_certificate_pem, "cert");
  EXPECT_EQ(config->client_key_pem, "key");
  EXPECT_EQ(config->token, "0123");
  EXPECT_EQ(config->namespace_, "team");
}

TEST(Kubeconfig, KeepsRotatingFilesAsFiles) {
  const auto config = ParseKubeconfig(kConfig, "dev", "/home/me/.kube");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ca_file, "/home/me/.kube/pki/ca.crt");
  EXPECT_EQ(config->token_file, "/run/token");
  EXPECT_EQ(config->client_certificate_file, "/home/me/.kube/me.crt");
  EXPECT_EQ(config->client_key_file, "/home/me/.kube/pki/me.key");
  EXPECT_EQ(config->client_certificate_pem, "");
  EXPECT_EQ(config->tls_server_name, "kubernetes");
  EXPECT_EQ(config->namespace_, "default");
}

TEST(Kubeconfig, AContextMayHaveNoUser) {
  const auto config = ParseKubeconfig(kConfig, "anonymous", "");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->token + config->token_file + config->client_certificate_file, "");
}

TEST(Kubeconfig, JsonIsYaml) {
  const auto config = ParseKubeconfig(
      R"({"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
          "clusters": [{"name": "c", "cluster": {"server": "https:\/\/k:6443", "insecure-skip-tls-verify": true}}],
          "users": [{"name": "u", "user": {"token": "t"}}]})",
      "", "");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://k:6443");
  EXPECT_TRUE(config->insecure_skip_tls_verify);
  EXPECT_EQ(config->token, "t");
}

// One context with the given fields of its cluster and its user.
Expected<ClusterConfig> With(const std::string& cluster, const std::string& user) {
  return ParseKubeconfig(
      "current-context: x\n"
      "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://k', " +
          cluster +
          "}}]\n"
          "users: [{name: u, user: {" +
          user + "}}]\n",
      "", "/dir");
}

TEST(Kubeconfig, ReadsExecPlugins) {
  const auto config = With(
      "extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a, n: 3}}]",
      "exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, args: [a, '', 3], "
      "env: [{name: A, value: b}], installHint: brew, provideClusterInfo: true, "
      "interactiveMode: IfAvailable}");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->user, "u");
  EXPECT_EQ(config->exec->command, "/dir/bin/login") << "relative to the file, as it has a '/'";
  EXPECT_EQ(config->exec->arguments, (std::vector<std::string>{"a", "", "3"}));
  EXPECT_EQ(config->exec->environment,
            (std::vector<std::pair<std::string, std::string>>{{"A", "b"}}));
  EXPECT_EQ(config->exec->install_hint, "brew");
  EXPECT_TRUE(config->exec->provide_cluster_info);
  EXPECT_EQ(config->exec->cluster_extension, (Json{{"audience", "a"}, {"n", 3}}));
}

TEST(Kubeconfig, APluginOfThePathStaysAName) {
  const auto config =
      With("", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->exec->command, "aws");
  EXPECT_FALSE(config->exec->provide_cluster_info);
  EXPECT_TRUE(config->exec->cluster_extension.is_null());
}

TEST(Kubeconfig, ATokenAtHandWinsOverAPlugin) {
  const auto config = With("", "token: t, exec: {command: aws}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->token, "t");
  EXPECT_FALSE(config->exec);
}

TEST(Kubeconfig, UnsetIsNotSet) {
  EXPECT_TRUE(With("proxy-url: , certificate-authority: ''",
                   "exec: null, auth-provider: ~, username: '', as-groups: []"));
}

// Each of these would otherwise run as somebody else, or fail without a reason.
TEST(Kubeconfig, RefusesByNameWhatItCannotDo) {
  struct Case {
    std::string cluster, user, says;
  };
  const Case kCases[] = {
      {"", "auth-provider: {name: gcp}", "user u: auth-provider is not supported"},
      {"", "username: a, password: b", "user u: username is not supported"},
      {"", "token: t, as: admin", "user u: as is not supported"},
      {"", "token: t, as-groups: [a]", "as-groups is not supported"},
      {"", "client-certificate-data: Y2E=", "client-certificate without client-key"},
      {"", "client-key: a.key", "client-key without client-certificate"},
      {"", "client-certificate-data: '%'", "client-certificate-data is not base64"},
      {"", "client-certificate: a, client-key: b, exec: {command: aws}", "remove one of them"},
      {"", "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1alpha1}",
       "exec: apiVersion client.authentication.k8s.io/v1alpha1 is not supported"},
      {"", "exec: {apiVersion: client.authentication.k8s.io/v1}", "exec: command is not set"},
      {"",
       "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Always}",
       "interactiveMode: Always"},
      {"",
       "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Maybe}",
       "interactiveMode Maybe"},
      {"",
       "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, env: [{name: 'A=B'}]}",
       "proper name"},
      {"proxy-url: 'socks5://p:1080'", "", "cluster c: proxy-url: socks5 proxies"},
      {"proxy-url: 'https://p:443'", "", "cluster c: proxy-url: https proxies"},
      {"certificate-authority-data: '%'", "", "certificate-authority-data is not base64"},
      {"certificate-authority: a, insecure-skip-tls-verify: true", "", "remove one of them"},
      {"server: ''", "", "cluster c: it has no server"},
  };
  for (const auto& [cluster, user, says] : kCases) {
    const auto config = With(cluster, user);
    ASSERT_FALSE(config) << cluster << user;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(config.error().message.find(says), std::string::npos) << config.error().message;
  }
}

TEST(Kubeconfig, SaysWhatIsMissing) {
  const std::pair<std::string, std::string> kCases[] = {
      {"{}", "current-context is not set"},
      {"[]", "not a YAML mapping"},
      {"current-context: a", "no context a"},
      {"contexts: 3", "contexts is not a list"},
      {"current-context: a\ncontexts: [1, [], {name: a}, {name: a, context: 7}]", "no context a"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]", "no cluster c"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, "
       "cluster: [1]}]",
       "no cluster c"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
       "clusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: 5}]\n",
       "no user u"},
      {"contexts: [{name: a, context: {}}, {name: a, context: {}}]", "two entries named a"},
  };
  for (const auto& [text, says] : kCases) {
    const auto config = ParseKubeconfig(text, "", "");
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(config.error().message.find(says), std::string::npos) << config.error().message;
  }
}

class KubeconfigFiles : public testing::Test {
 protected:
  TemporaryDirectory directory_;
};

TEST_F(KubeconfigFiles, TheFirstThatSetsAValueOrAnEntryWins) {
  const std::string empty = directory_.Write("empty", "");
  const std::string one = directory_.Write("one/config", R"(
clusters: [{name: c, cluster: {server: "https://one", certificate-authority: ca.crt}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
)");
  const std::string two = directory_.Write("two/config", R"(
current-context: x
clusters: [{name: c, cluster: {server: "https://two", tls-server-name: two}}, {name: d, cluster: {server: "https://d"}}]
users: [{name: u, user: {tokenFile: token}}]
)");
  const std::string three = directory_.Write("three/config", R"(
current-context: y
contexts: [{name: x, context: {cluster: d}}, {name: y, context: {cluster: d, user: u}}]
users: [{name: u, user: {token: three}}]
)");
  const std::vector<std::string> files = {empty, directory_.Path("none"), one, two, three};
  auto config = FromKubeconfigs(files);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://one");
  EXPECT_EQ(config->tls_server_name, "") << "entries are not mixed";
  EXPECT_EQ(config->ca_file, directory_.Path("one/ca.crt")) << "relative to the entry's own file";
  EXPECT_EQ(config->token_file, directory_.Path("two/token"));
  EXPECT_EQ(config->token, "");
  config = FromKubeconfigs(files, "y");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://d");
}

TEST_F(KubeconfigFiles, AFileThatIsThereHasToBeReadable) {
  const std::string good = directory_.Write("good", kConfig);
  EXPECT_NE(FromKubeconfigs({good, directory_.path()}).error().message.find("cannot read"),
            std::string::npos)
      << "a directory";
  const std::string bad = directory_.Write("bad", "{a: ");
  EXPECT_NE(FromKubeconfigs({good, bad}).error().message.find(bad), std::string::npos);
  EXPECT_EQ(FromKubeconfigs({}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(FromKubeconfig(directory_.Path("none")).error().code, ErrorCode::kNotFound);
}

TEST_F(KubeconfigFiles, ARelativePathIsResolvedOnce) {
  directory_.Write("config", kConfig);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  const auto config = FromKubeconfig("config", "dev");
  std::filesystem::current_path(before);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ca_file, directory_.Path("pki/ca.crt"));
}

TEST(Kubeconfig, SplitsThePathList) {
  EXPECT_EQ(SplitPathList(""), std::vector<std::string>{});
  EXPECT_EQ(SplitPathList("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(SplitPathList(":a::b:"), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace sb::kube
