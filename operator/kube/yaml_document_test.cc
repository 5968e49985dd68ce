#include "operator/kube/yaml_document.h"

#include <gtest/gtest.h>

#include <string>

namespace sb::kube {
namespace {

std::string Utf16(std::u16string_view text, bool big_endian) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    bytes += big_endian ? high : low;
    bytes += big_endian ? low : high;
  }
  return bytes;
}

TEST(YamlDocument, BecomesJson) {
  const std::pair<std::string, Json> kCases[] = {
      {"", nullptr},
      {"# nothing\n", nullptr},
      {"a: 1\nb: [x, 'y', ~]\n", {{"a", "1"}, {"b", {"x", "y", nullptr}}}},
      {"token: 0123\non: yes", {{"token", "0123"}, {"on", "yes"}}},
      {"{\"a\": 1, \"b\": [true, null]}", {{"a", 1}, {"b", {true, nullptr}}}},
      {"{\t\"slash\": \"\\/\\ud83d\\ude00\"}", {{"slash", "/\xF0\x9F\x98\x80"}}},
      {"{a: b}", {{"a", "b"}}},
      {"extensions: {n: 3, f: 0.5, t: true, q: '3', s: 3x, z: }",
       {{"extensions",
         {{"n", 3}, {"f", 0.5}, {"t", true}, {"q", "3"}, {"s", "3x"}, {"z", nullptr}}}}},
      {"a: 1\na: 2\n", {{"a", "2"}}},
      {"x: &x {a: 1}\ny: *x\n", {{"x", {{"a", "1"}}}, {"y", {{"a", "1"}}}}},
      {"x: &x {a: 1, b: 1}\ny: {<<: *x, b: 2}\n",
       {{"x", {{"a", "1"}, {"b", "1"}}}, {"y", {{"a", "1"}, {"b", "2"}}}}},
      {"y: {<<: [{a: 1}, {a: 2, b: 2}]}\n", {{"y", {{"a", "1"}, {"b", "2"}}}}},
      {"'<<': 1\n", {{"<<", "1"}}},
      {"a: |\n  one\n  two\n---\nsecond: document\n", {{"a", "one\ntwo\n"}}},
  };
  for (const auto& [text, json] : kCases) {
    const auto parsed = ParseYaml(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, json) << text;
  }
}

// A kubeconfig saved by a Windows editor or by PowerShell's ">".
TEST(YamlDocument, AnyUnicodeWithAByteOrderMark) {
  const Json expected = {{"a", "\xC3\xBC\xF0\x9F\x98\x80"}};
  EXPECT_EQ(ParseYaml("\xEF\xBB\xBF"
                      "a: \xC3\xBC\xF0\x9F\x98\x80\r\n"),
            expected);
  for (const bool big_endian : {false, true}) {
    EXPECT_EQ(ParseYaml(Utf16(u"\uFEFFa: \u00FC\U0001F600\r\n", big_endian)), expected);
    EXPECT_EQ(ParseYaml(Utf16(u"\uFEFF{\"a\": \"\u00FC\U0001F600\"}", big_endian)), expected);
  }
}

TEST(YamlDocument, RefusesBrokenUnicode) {
  const std::string kCases[] = {
      "a: \xFF",
      "a: \xC0\x80",          // not the shortest form
      "a: \xED\xA0\x80",      // a surrogate
      "a: \xF4\x90\x80\x80",  // beyond U+10FFFF
      "a: \xE2\x82",          // cut
      "\xFF\xFE\x61",         // half a unit
  };
  for (const std::string& bytes : kCases) {
    const auto parsed = ParseYaml(bytes);
    ASSERT_FALSE(parsed) << Json::array({bytes.size()});
    EXPECT_EQ(parsed.error().message, "not valid UTF-8 or UTF-16");
  }
  const std::string half_pair = Utf16(u"\uFEFFa", false) + std::string("\x00\xD8", 2);
  EXPECT_FALSE(ParseYaml(half_pair));
  EXPECT_FALSE(ParseYaml(Utf16(u"a: b", false))) << "no mark says that this is UTF-16";
}

// Whoever can write a kubeconfig must not be able to take the process down by it.
TEST(YamlDocument, IsBounded) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 8; ++k) bomb += ", " + last;
    bomb += "]\n";
  }
  std::string long_scalar = "a: &a " + std::string(1 << 20, 'x') + "\nb: [*a";
  for (int i = 0; i < 1000; ++i) long_scalar += ", *a";
  std::string anchors;  // each remembers all that is below it
  for (int i = 0; i < 60; ++i) anchors += "&a" + std::to_string(i) + " [";
  anchors += std::string(1 << 20, 'x') + std::string(60, ']');
  const std::pair<std::string, std::string> kCases[] = {
      {bomb, "aliases"},
      {long_scalar + "]\n", "aliases"},
      {anchors, "aliases"},
      {"[" + std::string(3 << 20, ',') + "]", "too large"},
      {"&x [*x]", "part of"},
      {"a: &a\n  b: *a\n", "part of"},
      {std::string(100, '[') + std::string(100, ']'), "deep"},
      {std::string(100'000, '[') + std::string(100'000, ']'), "deep"},
      {std::string(100'000, '['), ""},
      {"{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", "deep"},
      {std::string(kMaxYamlBytes + 1, ' '), "4 MiB"},
      {"? [a, b]\n: c", "key"},
      {"a: *nowhere", "not defined"},
  };
  for (const auto& [text, says] : kCases) {
    const auto parsed = ParseYaml(text);
    ASSERT_FALSE(parsed) << text.substr(0, 80);
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find(says), std::string::npos) << parsed.error().message;
  }
}

TEST(YamlDocument, SurvivesAnyText) {
  for (const char* text : {"[]",
                           "a",
                           "{",
                           "}",
                           "]",
                           "\xff\xfe",
                           "a: !!binary x\n",
                           "%YAML 9.9\n",
                           "%TAG\n---\n",
                           "- - -",
                           "a:\n\tb",
                           "\"\\xZZ\"",
                           "\"\\ud800\"",
                           "? ? ?",
                           "|",
                           ">-9",
                           "&",
                           "*",
                           "!<",
                           "{\"a\": 1",
                           ": :",
                           "-\n- -\n--- \n..."}) {
    (void)ParseYaml(text);
  }
}

}  // namespace
}  // namespace sb::kube
