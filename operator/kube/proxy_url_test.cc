#include "operator/kube/proxy_url.h"

#include <gtest/gtest.h>

namespace sb::kube {
namespace {

TEST(ProxyUrl, NamesHostPortAndLogin) {
  struct Case {
    std::string url, address, user, password;
  };
  const Case kCases[] = {
      {"http://proxy:3128", "http://proxy:3128", "", ""},
      {"HTTP://10.0.0.1/", "http://10.0.0.1:80", "", ""},
      {"http://me:p%40ss%3aw@proxy.example.com:1", "http://proxy.example.com:1", "me", "p@ss:w"},
      {"http://me@proxy", "http://proxy:80", "me", ""},
      {"http://me:a@b:c@proxy", "http://proxy:80", "me", "a@b:c"},
  };
  for (const auto& [url, address, user, password] : kCases) {
    const auto proxy = ParseProxyUrl(url);
    ASSERT_TRUE(proxy) << url << ": " << proxy.error().message;
    EXPECT_EQ(proxy->address, address);
    EXPECT_EQ(proxy->user, user);
    EXPECT_EQ(proxy->password, password);
  }
}

TEST(ProxyUrl, RefusesWhatCannotWorkWithoutTellingThePassword) {
  const std::pair<std::string, std::string> kCases[] = {
      {"https://me:hunter2@proxy:3128", "https proxies are not supported"},
      {"socks5://me:hunter2@proxy:1080", "socks5 proxies are not supported"},
      {"socks5h://proxy", "socks5h proxies are not supported"},
      {"ftp://me:hunter2@proxy", "scheme"},
      {"me:hunter2@proxy:3128", "not a URL"},
      {"", "not a URL"},
      {"http://", "not a host"},
      {"http://:3128", "not a host"},
      {"http://me:hunter2@proxy:0", "not a host"},
      {"http://me:hunter2@proxy:65536", "not a host"},
      {"http://me:hunter2@proxy:31x", "not a host"},
      {"http://proxy/path", "not a host"},
      {"http://pro xy\r\nA: b", "not a host"},
      {"http://[::1]:3128", "not a host"},
      {"http://me:hunter2%4@proxy", "percent-encoded"},
      {"http://me:hunter2%zz@proxy", "percent-encoded"},
      {"http://a%3ab:hunter2@proxy", "percent-encoded"},
  };
  for (const auto& [url, says] : kCases) {
    const auto proxy = ParseProxyUrl(url);
    ASSERT_FALSE(proxy) << url;
    EXPECT_EQ(proxy.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(proxy.error().message.find(says), std::string::npos) << proxy.error().message;
    EXPECT_EQ(proxy.error().message.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace sb::kube
