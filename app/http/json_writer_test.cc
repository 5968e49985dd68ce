#include "app/http/json_writer.h"

#include <gtest/gtest.h>

#include "common/json.h"

namespace todo::http {
namespace {

TEST(AppendString, EveryByteComesBackAsItWent) {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  all += "é😀";
  std::string written;
  AppendString(written, all);
  EXPECT_EQ(sb::Json::parse(written).get<std::string>(), all);
}

TEST(AppendNumber, WritesTheLimits) {
  std::string out;
  AppendNumber(out, INT64_MIN);
  out += ' ';
  AppendNumber(out, INT64_MAX);
  EXPECT_EQ(out, "-9223372036854775808 9223372036854775807");
}

}  // namespace
}  // namespace todo::http
