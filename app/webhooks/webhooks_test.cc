#include <gtest/gtest.h>

#include "app/webhooks/public_address.h"
#include "app/webhooks/signature.h"
#include "app/webhooks/url.h"

namespace todo::webhooks {
namespace {

TEST(ParseUrl, TakesApartWhatMayBeAsked) {
  const struct {
    const char* text;
    bool tls;
    const char *host, *port, *target, *host_header;
  } kCases[] = {
      {"https://example.com/hook?x=1", true, "example.com", "443", "/hook?x=1", "example.com"},
      {"http://example.com", false, "example.com", "80", "/", "example.com"},
      {"http://example.com?x", false, "example.com", "80", "/?x", "example.com"},
      {"https://[2001:db8::1]:8443/", true, "2001:db8::1", "8443", "/", "[2001:db8::1]:8443"},
      {"http://10.0.0.1:65535/a", false, "10.0.0.1", "65535", "/a", "10.0.0.1:65535"},
  };
  for (const auto& test : kCases) {
    const auto url = ParseUrl(test.text);
    ASSERT_TRUE(url) << test.text;
    EXPECT_EQ(url->tls, test.tls) << test.text;
    EXPECT_EQ(url->host, test.host) << test.text;
    EXPECT_EQ(url->port, test.port) << test.text;
    EXPECT_EQ(url->target, test.target) << test.text;
    EXPECT_EQ(url->host_header, test.host_header) << test.text;
  }
}

TEST(ParseUrl, RefusesWhatCouldBeReadInTwoWays) {
  for (const char* text : {"",
                           "ftp://a/",
                           "https://",
                           "https:///x",
                           "https://u:p@a/",
                           "https://a@b/",
                           "https://a:0/",
                           "https://a:65536/",
                           "https://a:/",
                           "https://a:x/",
                           "https://a b/",
                           "https://a/\r\nX: y",
                           "https://a\\@b/",
                           "https://a/#f",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://[g]/",
                           "https://a%2eb/",
                           "//a/",
                           "HTTPS://a/",
                           "https://\xc3\xa4/"}) {
    EXPECT_FALSE(ParseUrl(text)) << text;
  }
  EXPECT_FALSE(ParseUrl("https://a/" + std::string(2048, 'x')));
}

TEST(IsPublic, NothingInsideAndNoDisguise) {
  const std::pair<const char*, bool> kCases[] = {
      {"8.8.8.8", true},
      {"172.15.0.1", true},
      {"172.32.0.1", true},
      {"100.128.0.1", true},
      {"127.0.0.1", false},
      {"127.255.0.9", false},
      {"0.0.0.0", false},
      {"10.1.2.3", false},
      {"172.16.0.1", false},
      {"172.31.255.255", false},
      {"192.168.1.1", false},
      {"169.254.169.254", false},
      {"100.64.0.1", false},
      {"198.18.0.1", false},
      {"224.0.0.1", false},
      {"255.255.255.255", false},
      {"::1", false},
      {"::", false},
      {"fe80::1", false},
      {"fc00::1", false},
      {"fd12::1", false},
      {"ff02::1", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:10.0.0.1", false},
      {"::ffff:8.8.8.8", true},
      {"64:ff9b::7f00:1", false},
      {"64:ff9b::808:808", true},
      {"2002:7f00:1::", false},
      {"2002:808:808::", true},
      {"2001:db8::1", false},
      {"2001::1", false},
      {"2606:4700::1111", true},
      {"3fff::1", false},
      {"::127.0.0.1", false},
  };
  for (const auto& [text, is_public] : kCases) {
    EXPECT_EQ(IsPublic(boost::asio::ip::make_address(text)), is_public) << text;
  }
}

TEST(Sign, IsWhatStandardWebhooksVerifies) {
  // The example of the specification's libraries.
  EXPECT_EQ(Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_EQ(Sign("", "a", 1, "b"), "");
  EXPECT_EQ(Sign("whsec_", "a", 1, "b"), "");
  EXPECT_EQ(Sign("whsec_!", "a", 1, "b"), "");
  const std::string secret = NewSecret();
  EXPECT_NE(Sign(secret, "a", 1, "b"), Sign(secret, "a", 2, "b")) << "the time is signed";
  EXPECT_NE(secret, NewSecret());
}

}  // namespace
}  // namespace todo::webhooks
