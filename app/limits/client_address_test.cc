#include "app/limits/client_address.h"

#include <gtest/gtest.h>

#include <vector>

namespace todo::limits {
namespace {

using sb::http::HeaderField;

TEST(Address, IsTheOneThatIsLimited) {
  const struct {
    const char* text;
    const char* prefix;  // "": no address
  } kCases[] = {
      {"203.0.113.7", "203.0.113.7"},
      {"::ffff:203.0.113.7", "203.0.113.7"},
      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"2001:DB8:1:2::9", "2001:db8:1:2::/64"},
      {"::1", "::/64"},
      {"", ""},
      {"localhost", ""},
      {"1.2.3", ""},
      {"1.2.3.4:5", ""},
      {"[::1]", ""},
      {"fe80::1%eth0", ""},
      {"0x7f.1.1.1", ""},
      {"256.1.1.1", ""},
      {"11111111111111111111111111111111111111111111111111111", ""},
  };
  for (const auto& test : kCases) {
    const auto address = Address::Parse(test.text);
    EXPECT_EQ(address ? address->Prefix() : "", test.prefix) << test.text;
  }
  EXPECT_FALSE(Address::Parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST(Network, Contains) {
  const struct {
    const char* network;
    const char* address;
    bool inside;
  } kCases[] = {
      {"10.0.0.0/8", "10.255.1.2", true},      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.128.0.0/9", "10.128.0.1", true},    {"10.128.0.0/9", "10.127.0.1", false},
      {"10.1.2.3", "10.1.2.3", true},          {"10.1.2.3", "10.1.2.4", false},
      {"0.0.0.0/0", "1.2.3.4", true},          {"0.0.0.0/0", "::1", false},
      {"fd00::/8", "fdff::1", true},           {"fd00::/8", "fe00::1", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", true},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Network::Parse(test.network)->Contains(*Address::Parse(test.address)), test.inside)
        << test.network << " " << test.address;
  }
  for (const char* bad :
       {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "x/8", "::/129"}) {
    EXPECT_FALSE(Network::Parse(bad)) << bad;
  }
}

std::string Client(const Proxies& proxies, std::string_view peer,
                   const std::vector<HeaderField>& fields) {
  const sb::http::Request request{.method = "GET",
                                  .path = "/",
                                  .query = "",
                                  .body = "",
                                  .remote_address = peer,
                                  .fields = fields};
  const auto client = proxies.ClientOf(request);
  return client ? client->Prefix() : "";
}

TEST(Proxies, OnlyWhatTrustedOnesAppendedIsBelieved) {
  const Proxies proxies = *Proxies::Parse("10.0.0.0/8, fd00::/8", "X-Forwarded-For");
  const struct {
    const char* peer;
    std::vector<HeaderField> fields;
    const char* client;
  } kCases[] = {
      {"10.0.0.1", {}, "10.0.0.1"},
      {"10.0.0.1", {{"X-Forwarded-For", "203.0.113.7"}}, "203.0.113.7"},
      // Written by the client itself, before the proxy appended what it saw.
      {"10.0.0.1", {{"x-forwarded-for", "1.1.1.1, 203.0.113.7"}}, "203.0.113.7"},
      {"10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 203.0.113.7, 10.0.0.2"}}, "203.0.113.7"},
      {"10.0.0.1",
       {{"X-Forwarded-For", "203.0.113.7"}, {"Other", "x"}, {"X-Forwarded-For", "10.0.0.2"}},
       "203.0.113.7"},
      {"203.0.113.9", {{"X-Forwarded-For", "1.1.1.1"}}, "203.0.113.9"},
      {"10.0.0.1", {{"X-Forwarded-For", "203.0.113.7, unknown"}}, "10.0.0.1"},
      {"10.0.0.1", {{"X-Forwarded-For", "203.0.113.7, , 10.0.0.3,"}}, "203.0.113.7"},
      {"10.0.0.1", {{"X-Forwarded-For", "10.0.0.5, 10.0.0.2"}}, "10.0.0.5"},
      {"10.0.0.1", {{"X-Forwarded-For", "203.0.113.7:4711"}}, "203.0.113.7"},
      {"fd00::1", {{"X-Forwarded-For", "[2001:db8::1]:4711"}}, "2001:db8::/64"},
      {"::ffff:10.0.0.1", {{"X-Forwarded-For", "2001:db8::1"}}, "2001:db8::/64"},
      {"10.0.0.1", {{"Forwarded", "for=1.1.1.1"}}, "10.0.0.1"},
      {"", {{"X-Forwarded-For", "1.1.1.1"}}, ""},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Client(proxies, test.peer, test.fields), test.client)
        << test.peer << " " << (test.fields.empty() ? "" : test.fields[0].value);
  }
}

TEST(Proxies, NobodyIsTrustedByDefault) {
  EXPECT_EQ(Client(Proxies(), "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}}), "10.0.0.1");
}

TEST(Proxies, ReadForwardedWhenToldTo) {
  const Proxies proxies = *Proxies::Parse("10.0.0.0/8", "forwarded");
  const struct {
    const char* value;
    const char* client;
  } kCases[] = {
      {"for=203.0.113.7", "203.0.113.7"},
      {"proto=https;For=\"203.0.113.7:80\";by=10.0.0.1", "203.0.113.7"},
      {"for=1.1.1.1, for=\"[2001:db8::1]:4711\"", "2001:db8::/64"},
      {"for=\"1.1.1.1, for=203.0.113.7", "203.0.113.7"},  // the client's quote is left open
      {"for=203.0.113.7, for=_hidden", "10.0.0.1"},
      {"for=203.0.113.7, proto=http", "10.0.0.1"},
      {"", "10.0.0.1"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Client(proxies, "10.0.0.1", {{"Forwarded", test.value}}), test.client) << test.value;
    EXPECT_EQ(Client(proxies, "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}}), "10.0.0.1");
  }
}

TEST(Proxies, WrongSettingsAreNamed) {
  EXPECT_NE(Proxies::Parse("10.0.0.0/8,x", "X-Forwarded-For").error().message.find("\"x\""),
            std::string::npos);
  EXPECT_FALSE(Proxies::Parse("", "X-Real-IP"));
  EXPECT_TRUE(Proxies::Parse("", "X-FORWARDED-FOR"));
}

}  // namespace
}  // namespace todo::limits
