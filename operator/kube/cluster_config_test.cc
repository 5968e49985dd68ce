#include "operator/kube/cluster_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "operator/kube/testing/temporary_files.h"

namespace sb::kube {
namespace {

// Sets an environment variable for a test; nothing unsets it.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, std::optional<std::string> value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    Set(value);
  }
  ~ScopedVariable() { Set(before_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void Set(const std::optional<std::string>& value) {
    if (value) {
      setenv(name_, value->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

  const char* const name_;
  std::optional<std::string> before_;
};

class InClusterTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  ScopedVariable host_{"KUBERNETES_SERVICE_HOST", "10.96.0.1"};
  ScopedVariable port_{"KUBERNETES_SERVICE_PORT", "443"};
};

TEST_F(InClusterTest, ReadsTheServiceAccount) {
  directory_.Write("token", "t");
  directory_.Write("ca.crt", "ca");
  directory_.Write("namespace", "team\n");
  const auto config = InCluster(directory_.path());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->token_file, directory_.Path("token"));
  EXPECT_EQ(config->ca_file, directory_.Path("ca.crt"));
  EXPECT_EQ(config->namespace_, "team");
}

// cpprestsdk cannot connect to "[fd00::1]": an IPv6 cluster would be out of reach.
TEST_F(InClusterTest, AnIpv6AddressBecomesTheServicesName) {
  directory_.Write("token", "t");
  const ScopedVariable host("KUBERNETES_SERVICE_HOST", "fd00::1");
  const auto config = InCluster(directory_.path());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://kubernetes.default.svc:443");
}

TEST_F(InClusterTest, SaysWhatIsMissing) {
  EXPECT_EQ(InCluster(directory_.path()).error().code, ErrorCode::kInvalidArgument);
  const ScopedVariable outside("KUBERNETES_SERVICE_HOST", std::nullopt);
  EXPECT_EQ(InCluster(directory_.path()).error().code, ErrorCode::kNotFound);
}

std::string KubeconfigOf(const std::string& server) {
  return "current-context: c\ncontexts: [{name: c, context: {cluster: c}}, {name: d, context: "
         "{cluster: d}}]\nclusters: [{name: c, cluster: {server: 'https://" +
         server + "'}}, {name: d, cluster: {server: 'https://other." + server + "'}}]\n";
}

// Whoever looks at the wrong place talks to the wrong cluster.
class LoadDefaultTest : public testing::Test {
 protected:
  static std::string ServerOf(const LoadOptions& options = {}) {
    const auto config = LoadDefault(options);
    return config ? config->server : config.error().message;
  }

  TemporaryDirectory directory_;
  ScopedVariable home_{"HOME", directory_.path()};
  ScopedVariable list_{"KUBECONFIG", std::nullopt};
  ScopedVariable host_{"KUBERNETES_SERVICE_HOST", std::nullopt};
};

TEST_F(LoadDefaultTest, TheFileOfTheHomeDirectoryComesLast) {
  EXPECT_EQ(LoadDefault().error().code, ErrorCode::kNotFound);
  directory_.Write(".kube/config", KubeconfigOf("home"));
  EXPECT_EQ(ServerOf(), "https://home");
  EXPECT_EQ(ServerOf({.context = "d"}), "https://other.home");
  const ScopedVariable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const ScopedVariable port("KUBERNETES_SERVICE_PORT", "443");
  EXPECT_NE(ServerOf().find("serviceaccount/token"), std::string::npos)
      << "in a Pod its service account is what counts, even when it is broken";
  EXPECT_EQ(ServerOf({.context = "d"}), "https://other.home") << "a Pod has no contexts";
}

TEST_F(LoadDefaultTest, TheVariableNamesAList) {
  directory_.Write(".kube/config", KubeconfigOf("home"));
  const std::string one = directory_.Write("one", KubeconfigOf("one"));
  const std::string two = directory_.Write("two", KubeconfigOf("two"));
  const ScopedVariable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const ScopedVariable port("KUBERNETES_SERVICE_PORT", "443");
  {
    const ScopedVariable list("KUBECONFIG", ":" + directory_.Path("none") + ":" + two + ":" + one);
    EXPECT_EQ(ServerOf(), "https://two");
  }
  const ScopedVariable list("KUBECONFIG", directory_.Path("none"));
  EXPECT_NE(ServerOf().find("there is no kubeconfig"), std::string::npos)
      << "a name that is wrong must not lead to another cluster";
}

TEST_F(LoadDefaultTest, AnExplicitFileIsTheOnlyOne) {
  directory_.Write(".kube/config", KubeconfigOf("home"));
  const std::string one = directory_.Write("one", KubeconfigOf("one"));
  const ScopedVariable list("KUBECONFIG", directory_.Write("two", KubeconfigOf("two")));
  EXPECT_EQ(ServerOf({.kubeconfig = one}), "https://one");
  EXPECT_EQ(ServerOf({.kubeconfig = one, .context = "d"}), "https://other.one");
  EXPECT_EQ(LoadDefault({.kubeconfig = directory_.Path("none")}).error().code,
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sb::kube
