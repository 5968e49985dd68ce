#include "operator/prometheus/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/json.h"

namespace sb::promql {
namespace {

using testing::HasSubstr;

std::string Success(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

Expected<InstantVector> Parse(int status, const std::string& body) {
  return ParseAnswer(status, body, "http://p:9090");
}

TEST(ParseAnswerTest, ReadsAVector) {
  const auto vector = Parse(200, Success("vector", R"([
      {"metric":{"pod":"a"},"value":[1700000000.5,"12.5"]},
      {"metric":{},"value":[1700000000,"3"]}])"));
  ASSERT_TRUE(vector);
  ASSERT_EQ(vector->size(), 2u);
  EXPECT_EQ((*vector)[0].labels.at("pod"), "a");
  EXPECT_DOUBLE_EQ((*vector)[0].value, 12.5);
  EXPECT_EQ((*vector)[0].at, WallTime(std::chrono::milliseconds(1'700'000'000'500)));
}

TEST(ParseAnswerTest, AnEmptyVectorIsNoError) {
  const auto vector = Parse(200, Success("vector", "[]"));
  ASSERT_TRUE(vector);
  EXPECT_TRUE(vector->empty());
}

TEST(ParseAnswerTest, ReadsAScalar) {
  const auto vector = Parse(200, Success("scalar", R"([1700000000,"7"])"));
  ASSERT_TRUE(vector);
  ASSERT_EQ(vector->size(), 1u);
  EXPECT_DOUBLE_EQ(vector->front().value, 7);
}

TEST(ParseAnswerTest, KeepsWhatIsNoOrdinaryNumber) {
  const auto value = [](const std::string& text) {
    return Parse(200, Success("scalar", "[1,\"" + text + "\"]"))->front().value;
  };
  EXPECT_TRUE(std::isnan(value("NaN")));
  EXPECT_EQ(value("+Inf"), INFINITY);
  EXPECT_EQ(value("-Inf"), -INFINITY);
  EXPECT_EQ(value("1e+06"), 1e6);
  EXPECT_EQ(value("1e999"), INFINITY);
  EXPECT_EQ(value("1e-999"), 0);
}

struct Refused {
  const char* name;
  int status;
  std::string body;
  ErrorCode code;
  const char* message;
};

class RefusedTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedTest, SaysWhyAndWhatToDo) {
  const auto vector = Parse(GetParam().status, GetParam().body);
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().code, GetParam().code) << vector.error().message;
  EXPECT_THAT(vector.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedTest,
    testing::Values(
        Refused{"bad_query", 400,
                R"({"status":"error","errorType":"bad_data",
                    "error":"invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"})",
                ErrorCode::kInvalidArgument,
                "Prometheus rejected it: 1:5: parse error: unclosed left parenthesis"},
        Refused{"execution", 422,
                R"({"status":"error","errorType":"execution","error":"found duplicate series"})",
                ErrorCode::kInvalidArgument, "Prometheus rejected it: found duplicate series"},
        Refused{"timeout", 503,
                R"({"status":"error","errorType":"timeout","error":"query timed out"})",
                ErrorCode::kDeadlineExceeded, "query timed out"},
        Refused{"proxy_down", 503, "<html>no upstream</html>", ErrorCode::kUnavailable,
                "http://p:9090 answered 503"},
        Refused{"wrong_path", 404, "404 page not found", ErrorCode::kNotFound, "path of the url"},
        Refused{"login", 302, "", ErrorCode::kInvalidArgument, "redirection"},
        Refused{"unauthenticated", 401, "", ErrorCode::kUnauthenticated, "credentials"},
        Refused{"throttled", 429, "", ErrorCode::kTooManyRequests, "429"},
        Refused{"matrix", 200, Success("matrix", "[]"), ErrorCode::kInvalidArgument, "range"},
        Refused{"string", 200, Success("string", R"([1,"x"])"), ErrorCode::kInvalidArgument,
                "string"},
        Refused{"histogram", 200, Success("vector", R"([{"metric":{},"histogram":[1,{}]}])"),
                ErrorCode::kInvalidArgument, "histogram_quantile"},
        Refused{"html", 200, "<html>welcome</html>", ErrorCode::kInternal, "not an answer"},
        Refused{"not_a_number", 200, Success("scalar", R"([1,"12px"])"), ErrorCode::kInternal,
                "not an answer"},
        Refused{"number_not_text", 200, Success("scalar", "[1,12]"), ErrorCode::kInternal,
                "not an answer"},
        Refused{"no_time", 200, Success("scalar", R"([1e300,"12"])"), ErrorCode::kInternal,
                "not an answer"},
        Refused{"array", 200, "[]", ErrorCode::kInternal, "not an answer"}),
    [](const auto& test) { return test.param.name; });

TEST(ParseAnswerTest, ShortensLongTextsBetweenCharacters) {
  std::string error;
  for (int i = 0; i < 400; ++i) error += "é";
  const auto vector =
      Parse(400, R"({"status":"error","errorType":"bad_data","error":"x)" + error + "\"}");
  ASSERT_FALSE(vector);
  EXPECT_LT(vector.error().message.size(), 600u);
  EXPECT_NO_THROW(Json(vector.error().message).dump()) << "dump refuses broken UTF-8";
}

}  // namespace
}  // namespace sb::promql
