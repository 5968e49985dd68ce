#include "app/jobs/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/jobs/entry.h"

namespace todo::jobs {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(CheckPayload, NamesTheFieldThatIsWrong) {
  const struct {
    const char* kind;
    const char* payload;
    const char* problem;  // nullptr: none
  } kCases[] = {
      {"sum_squares", R"({"n":0})", nullptr},
      {"sum_squares", R"({"n":1000000000,"more":1})", nullptr},
      {"sum_squares", R"({"n":1000000001})", "payload.n is out of bounds"},
      {"sum_squares", R"({"n":-1})", "payload.n is out of bounds"},
      {"sum_squares", R"({"n":18446744073709551615})", "payload.n is out of bounds"},
      {"sum_squares", R"({"n":1.5})", "payload.n has the wrong type"},
      {"sum_squares", R"({"n":"1"})", "payload.n has the wrong type"},
      {"sum_squares", R"({})", "payload.n is missing"},
      {"sum_squares", R"([])", "payload is not an object"},
      {"webhook", R"({"webhook_id":1,"event":"task.created","task":{}})", nullptr},
      {"webhook", R"({"webhook_id":1,"event":"task.created"})", "payload.task is missing"},
      {"csv_export", R"({})", nullptr},
      {"bulk_tasks", R"({"tasks":[]})", "payload.tasks is out of bounds"},
      {"bulk_tasks", R"({"tasks":[{}]})", nullptr},
  };
  for (const auto& test : kCases) {
    const Kind* const kind = FindKind(test.kind);
    ASSERT_NE(kind, nullptr) << test.kind;
    const auto checked = CheckPayload(*kind, sb::Json::parse(test.payload));
    EXPECT_EQ(checked.has_value(), test.problem == nullptr) << test.payload;
    if (!checked && test.problem != nullptr) {
      EXPECT_EQ(checked.error().message, test.problem);
    }
  }
  EXPECT_EQ(FindKind("nothing"), nullptr);
}

TEST(RetryDelay, DoublesUpToTheMostAndIsHalfJitter) {
  const RetryPolicy policy{
      .most_attempts = 9, .first = milliseconds(1000), .most = milliseconds(10'000)};
  EXPECT_EQ(RetryDelay(policy, 1, 0.0), milliseconds(500));
  EXPECT_EQ(RetryDelay(policy, 1, 0.999), milliseconds(999));
  EXPECT_EQ(RetryDelay(policy, 2, 0.0), milliseconds(1000));
  EXPECT_EQ(RetryDelay(policy, 4, 0.0), milliseconds(4000));
  EXPECT_EQ(RetryDelay(policy, 5, 0.0), milliseconds(5000)) << "the most";
  EXPECT_EQ(RetryDelay(policy, 1'000'000, 0.0), milliseconds(5000)) << "no overflow";
}

TEST(Entry, FieldsSurviveTheWayThroughTheScripts) {
  const sb::Json fields =
      sb::Json::parse(FieldsOf({.id = "a", .kind = "k", .payload = R"({"n":1})", .attempt = 3}));
  EXPECT_EQ(fields,
            (sb::Json{{"id", "a"}, {"kind", "k"}, {"payload", R"({"n":1})"}, {"attempt", "3"}}));
  const sb::Json stored = sb::Json::parse(FieldsOf({.id = "a", .kind = "k", .stored = true}));
  EXPECT_EQ(stored, (sb::Json{{"id", "a"}, {"kind", "k"}, {"stored", "1"}}));
  EXPECT_NO_THROW(FieldsOf({.id = "\xff"})) << "what others put into the stream";
}

TEST(NewJobId, IsLongAndNew) {
  EXPECT_EQ(NewJobId().size(), 32u);
  EXPECT_NE(NewJobId(), NewJobId());
}

}  // namespace
}  // namespace todo::jobs
