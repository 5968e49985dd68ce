#include "app/jobs/csv.h"

#include <gtest/gtest.h>

namespace todo::jobs {
namespace {

TEST(AppendCsvText, NoFormulaAndNoBrokenRow) {
  const std::pair<const char*, const char*> kCases[] = {
      {"milk", R"("milk")"},
      {"", R"("")"},
      {"a \"b\", c", R"("a ""b"", c")"},
      {"a\r\nb", "\"a\r\nb\""},
      {"=1+1", R"("'=1+1")"},
      {"+1", R"("'+1")"},
      {"-1", R"("'-1")"},
      {"@SUM(A1)", "\"'@SUM(A1)\""},
      {"  =1", R"("'  =1")"},
      {"\t=1", "\"'\t=1\""},
      {"1-1", R"("1-1")"},
  };
  for (const auto& [text, want] : kCases) {
    std::string out;
    AppendCsvText(out, text);
    EXPECT_EQ(out, want) << text;
  }
}

}  // namespace
}  // namespace todo::jobs
