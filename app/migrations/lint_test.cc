#include "app/migrations/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/migrations/sql_statements.h"

namespace todo::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SplitSql, KnowsQuotesAndComments) {
  const auto statements = SplitSql(
      "-- a; b\nCREATE TABLE \"A;b\" (c text DEFAULT 'x;''y'); /* ; /* ; */ ; */\n"
      "DO $do$ BEGIN; END $do$ ;; drop Table c");
  ASSERT_EQ(statements.size(), 3u);
  EXPECT_EQ(statements[0].words[2], "\"A;b\"");
  EXPECT_EQ(statements[0].text, "CREATE TABLE \"A;b\" (c text DEFAULT 'x;''y')");
  EXPECT_THAT(statements[1].words, ElementsAre("DO", "$do$ BEGIN; END $do$"));
  EXPECT_THAT(statements[2].words, ElementsAre("DROP", "TABLE", "C"));
}

TEST(SplitSql, EndsWithWhateverIsUnfinished) {
  for (const char* sql : {"", "   ", "'", "\"x", "/* /*", "$x$ y", "$", "--", "a $1 $2", ";"}) {
    EXPECT_LE(SplitSql(sql).size(), 1u) << sql;
  }
}

TEST(Directives, StandBeforeTheFirstStatement) {
  const auto directives =
      DirectivesOf("-- why\n\n-- migrate: no-transaction  \n-- migrate: contract\nSELECT 1");
  EXPECT_TRUE(directives.no_transaction);
  EXPECT_TRUE(directives.contract);
  EXPECT_EQ(DirectivesOf("-- migrate: contarct\n").unknown, "contarct");
  EXPECT_FALSE(DirectivesOf("SELECT 1;\n-- migrate: contract").contract);
}

TEST(Lint, RefusesWhatBreaksTheVersionThatStillRuns) {
  const struct {
    const char* sql;
    const char* problem;  // "": none
  } kCases[] = {
      {"ALTER TABLE t ADD COLUMN a int", ""},
      {"ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 1, ADD b text", ""},
      {"ALTER TABLE t ADD COLUMN a int NOT NULL", "NOT NULL column without DEFAULT"},
      {"ALTER TABLE t ADD COLUMN a int DEFAULT 1, ADD COLUMN b int NOT NULL", "without DEFAULT"},
      {"ALTER TABLE t ALTER a SET NOT NULL", "SET NOT NULL"},
      {"ALTER TABLE t ALTER a DROP NOT NULL", ""},
      {"ALTER TABLE t ALTER a DROP DEFAULT", "DROP of"},
      {"ALTER TABLE t ALTER COLUMN a TYPE bigint", "another type"},
      {"alter table t drop column a", "DROP of"},
      {"ALTER TABLE t RENAME a TO b", "RENAME"},
      {"ALTER TABLE t RENAME TO u", "RENAME"},
      {"DROP TABLE t", "DROP TABLE"},
      {"TRUNCATE t", "TRUNCATE"},
      {"CREATE INDEX i ON t (a)", "stops its writes"},
      {"CREATE TABLE t (a int); CREATE INDEX i ON t (a)", ""},
      {"CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL", ""},
      {"CREATE INDEX CONCURRENTLY i ON t (a)", "needs \"-- migrate: no-transaction\""},
      {"-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a)", ""},
      {"-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a); DROP INDEX CONCURRENTLY "
       "j",
       "exactly one statement"},
      {"-- migrate: no-transaction\nALTER TABLE t ADD a int", "CONCURRENTLY only"},
      {"DROP INDEX i", "make it CONCURRENTLY"},
      {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "NOT VALID"},
      {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", ""},
      {"ALTER TABLE t VALIDATE CONSTRAINT c", ""},
      {"ALTER TABLE t ADD UNIQUE (a)", "USING INDEX"},
      {"ALTER TABLE t ADD PRIMARY KEY (a)", "USING INDEX"},
      {"ALTER TABLE t ADD PRIMARY KEY USING INDEX i", ""},
      {"COMMIT", "makes the transaction"},
      {"-- migrate: contarct\nSELECT 1", "unknown directive"},
      {"-- migrate: contract\nALTER TABLE t DROP COLUMN a", ""},
      {"-- migrate: contract\nALTER TABLE t RENAME a TO b; DROP TABLE u", ""},
      {"-- DROP TABLE t\nINSERT INTO t VALUES ('DROP TABLE t')", ""},
  };
  for (const auto& test : kCases) {
    const auto problems = Lint({"0009_x", test.sql});
    if (*test.problem == '\0') {
      EXPECT_THAT(problems, IsEmpty()) << test.sql;
    } else {
      ASSERT_EQ(problems.size(), 1u) << test.sql;
      EXPECT_THAT(problems[0], HasSubstr(test.problem));
      EXPECT_THAT(problems[0], HasSubstr("0009_x: "));
    }
  }
}

TEST(Lint, OurMigrationsCanRunWhileTheServiceDoes) {
  for (const Migration& migration : Embedded()) EXPECT_THAT(Lint(migration), IsEmpty());
}

}  // namespace
}  // namespace todo::migrations
