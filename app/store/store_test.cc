// What needs no database; the rest is in app/tests.
#include <gtest/gtest.h>

#include <map>

#include "app/store/arrays.h"
#include "app/store/connect_target.h"
#include "app/store/errors.h"
#include "app/store/parameters.h"
#include "app/store/row_range.h"

namespace todo::store {
namespace {

using sb::ErrorCode;

TEST(ConnectTarget, ANameIsResolvedByUsAndKeptForTls) {
  const auto target = ConnectTarget::Parse("postgresql://todo:p%40ss@todo-postgres-rw:5433/todo");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->NameToResolve(), "todo-postgres-rw");
  EXPECT_EQ(target->Port(), "5433");
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : target->Settings({"10.0.0.1", "10.0.0.2"}))
    settings[name] = value;
  EXPECT_EQ(settings["host"], "todo-postgres-rw,todo-postgres-rw");
  EXPECT_EQ(settings["hostaddr"], "10.0.0.1,10.0.0.2");
  EXPECT_EQ(settings["password"], "p@ss");
  EXPECT_EQ(settings["client_encoding"], "UTF8");
}

TEST(ConnectTarget, NothingToResolve) {
  for (const char* url :
       {"postgresql://127.0.0.1/x", "postgresql://[::1]/x", "postgresql:///x?host=/run/pg",
        "postgresql://a,b/x", "postgresql://a/x?hostaddr=10.0.0.1"}) {
    const auto target = ConnectTarget::Parse(url);
    ASSERT_TRUE(target) << url;
    EXPECT_EQ(target->NameToResolve(), "") << url;
  }
}

TEST(ConnectTarget, ABrokenUrlIsNotRepeated) {
  const auto target = ConnectTarget::Parse("postgresql://u:secret@h:x:y/%zz");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message.find("secret"), std::string::npos);
}

TEST(CodeOfSqlState, MapsWhatCallersTellApart) {
  const std::pair<const char*, ErrorCode> kCases[] = {
      {"23505", ErrorCode::kAlreadyExists},
      {"23503", ErrorCode::kNotFound},
      {"57014", ErrorCode::kDeadlineExceeded},
      {"57P01", ErrorCode::kUnavailable},
      {"08006", ErrorCode::kUnavailable},
      {"53300", ErrorCode::kUnavailable},
      {"25006", ErrorCode::kUnavailable},
      {"40001", ErrorCode::kUnavailable},
      {"22021", ErrorCode::kInvalidArgument},
      {"42P01", ErrorCode::kInternal},
      {"", ErrorCode::kInternal},
  };
  for (const auto& [state, code] : kCases) EXPECT_EQ(CodeOfSqlState(state), code) << state;
}

TEST(Parameters, IntegersAreBigEndian) {
  Parameters parameters;
  parameters.Text("ab").Integer(-2).Text("").Integer(258);
  ASSERT_EQ(parameters.count(), 4);
  EXPECT_EQ(parameters[0], "ab");
  EXPECT_EQ(parameters[1], std::string_view("\xff\xff\xff\xff\xff\xff\xff\xfe"));
  EXPECT_EQ(parameters[2], "");
  EXPECT_EQ(parameters[3], std::string_view("\0\0\0\0\0\0\1\2", 8));
}

TEST(Arrays, AreWhatPostgresqlReadsInBinary) {
  TextArray texts;
  texts.Add("ab");
  texts.Add("");
  EXPECT_EQ(texts.Bytes(), std::string("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\2\0\0\0\1"
                                       "\0\0\0\2ab\0\0\0\0",
                                       30));
  BigintArray numbers;
  numbers.Add(-2);
  EXPECT_EQ(numbers.Bytes(), std::string("\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1"
                                         "\0\0\0\x8\xff\xff\xff\xff\xff\xff\xff\xfe",
                                         32));
}

TEST(Boundaries, EachListIsItsNeighbours) {
  struct Case {
    std::vector<int> lists_of_rows;
    int lists;
    std::optional<std::vector<int>> begins;
  };
  const Case kCases[] = {
      {{1, 1, 3, 3, 3}, 3, {{0, 2, 2, 5}}},
      {{}, 2, {{0, 0, 0}}},
      {{2}, 2, {{0, 0, 1}}},
      {{1}, 3, {{0, 1, 1, 1}}},
      {{1, 2, 1}, 2, std::nullopt},
      {{3}, 2, std::nullopt},
      {{0}, 2, std::nullopt},
  };
  for (const Case& one : kCases) {
    EXPECT_EQ(Boundaries(static_cast<int>(one.lists_of_rows.size()), one.lists,
                         [&](int row) { return one.lists_of_rows[static_cast<std::size_t>(row)]; }),
              one.begins);
  }
}

}  // namespace
}  // namespace todo::store
