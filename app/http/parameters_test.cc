#include "app/http/parameters.h"

#include <gtest/gtest.h>

namespace todo::http {
namespace {

TEST(ParseInteger, ReadsWhatPydanticReads) {
  const struct {
    const char* text;
    bool valid;
    std::int64_t number;
  } kCases[] = {
      {"7", true, 7},
      {"-7", true, -7},
      {"+7", true, 7},
      {" 7\t", true, 7},
      {"007", true, 7},
      {"1_000", true, 1000},
      {"7.0", true, 7},
      {"7.00", true, 7},
      {"9223372036854775807", true, INT64_MAX},
      {"99999999999999999999999999", true, INT64_MAX},
      {"-99999999999999999999999999", true, -INT64_MAX},
      {"", false, 0},
      {" ", false, 0},
      {"-", false, 0},
      {"+-7", false, 0},
      {"7.5", false, 0},
      {"7.", false, 0},
      {"_7", false, 0},
      {"7_", false, 0},
      {"7__0", false, 0},
      {"0x7", false, 0},
      {"7e2", false, 0},
      {"7 7", false, 0},
  };
  for (const auto& test : kCases) {
    std::int64_t number = 0;
    EXPECT_EQ(ParseInteger(test.text, number), test.valid) << test.text;
    if (test.valid) {
      EXPECT_EQ(number, test.number) << test.text;
    }
  }
}

TEST(Check, BelowV1NumbersAndBooleansAreWrittenAsInJson) {
  constexpr Parameter kNumber = {.name = "n", .type = Parameter::Type::kInteger};
  constexpr Parameter kTruth = {.name = "b", .type = Parameter::Type::kBoolean};
  const struct {
    const Parameter& parameter;
    const char* text;
    bool fast_api, v1;
  } kCases[] = {
      {kNumber, "7", true, true},    {kNumber, "-7", true, true},   {kNumber, "+7", true, false},
      {kNumber, "7.0", true, false}, {kNumber, " 7", true, false},  {kNumber, "1_0", true, false},
      {kNumber, "-", false, false},  {kNumber, "", false, false},   {kTruth, "true", true, true},
      {kTruth, "false", true, true}, {kTruth, "True", true, false}, {kTruth, "1", true, false},
      {kTruth, "OFF", true, false},  {kTruth, "2", false, false},   {kTruth, "", false, false},
  };
  for (const auto& test : kCases) {
    std::int64_t number = 0;
    Problems fast_api, v1(Style::kProblem);
    EXPECT_EQ(Check(test.parameter, test.text, number, fast_api), test.fast_api) << test.text;
    EXPECT_EQ(Check(test.parameter, test.text, number, v1), test.v1) << test.text;
  }
}

constexpr Parameter kPage = {
    .name = "page", .type = Parameter::Type::kInteger, .minimum = 1, .maximum = 9};

TEST(Check, SaysWhatIsWrongInFastApisWords) {
  const struct {
    Parameter parameter;
    const char* text;
    const char* detail;
  } kCases[] = {
      {kPage, "x\"",
       R"({"type":"int_parsing","loc":["query","page"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x\""})"},
      {kPage, "0",
       R"({"type":"greater_than_equal","loc":["query","page"],"msg":"Input should be greater than or equal to 1","input":"0","ctx":{"ge":1}})"},
      {kPage, "10",
       R"({"type":"less_than_equal","loc":["query","page"],"msg":"Input should be less than or equal to 9","input":"10","ctx":{"le":9}})"},
      {{.name = "t", .max_length = 2},
       "äöü",
       R"({"type":"string_too_long","loc":["query","t"],"msg":"String should have at most 2 characters","input":"äöü","ctx":{"max_length":2}})"},
  };
  for (const auto& test : kCases) {
    Problems problems;
    std::int64_t number = 0;
    EXPECT_FALSE(Check(test.parameter, test.text, number, problems));
    EXPECT_EQ(problems.Body(), "{\"detail\":[" + std::string(test.detail) + "]}");
  }
}

TEST(Check, CountsCharactersNotBytes) {
  Problems problems;
  std::int64_t number = 0;
  EXPECT_TRUE(Check({.name = "t", .max_length = 3}, "äöü", number, problems));
  EXPECT_TRUE(problems.empty());
}

TEST(Problems, AreListedInOrder) {
  Problems problems;
  problems.Missing({.name = "a", .where = Parameter::Where::kPath});
  problems.Missing({.name = "b"});
  EXPECT_EQ(
      problems.Body(),
      R"({"detail":[{"type":"missing","loc":["path","a"],"msg":"Field required","input":null},)"
      R"({"type":"missing","loc":["query","b"],"msg":"Field required","input":null}]})");
}

}  // namespace
}  // namespace todo::http
