// Against a real PostgreSQL, with migrations of the test's own: app/tests/test_migrate.py gives the
// URL; without it these are skipped.
#include "app/migrations/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <thread>

#include "app/migrations/check.h"
#include "app/migrations/session.h"

namespace todo::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Migration kTable = {"0001_t", "CREATE TABLE t (a int)"};
const Migration kIndex = {"0002_i",
                          "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n"};
const Migration kColumn = {"0003_c", "ALTER TABLE t ADD COLUMN b text"};

class MigrateTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const url = std::getenv("TODO_TEST_DATABASE_URL");
    if (url == nullptr) GTEST_SKIP() << "TODO_TEST_DATABASE_URL is not set";
    options_.url = url;
    options_.wait = std::chrono::seconds(10);
    options_.lock_timeout = std::chrono::milliseconds(50);
    // The database is the test's own, made by the pytest file.
    Sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  }

  Session Connected() { return std::move(*Session::Connect(options_.url, options_.wait)); }
  std::string Sql(const std::string& sql) {
    const auto result = Connected().Run(sql);
    if (!result) return "failed: " + result.error().message;
    return result->size() == 0 ? "" : result->text(0, 0);
  }
  std::string Apply(std::vector<Migration> all) {
    const auto done = Migrate(all, options_);
    return done ? std::to_string(*done) : done.error().message;
  }
  std::vector<std::string> Check(std::vector<Migration> all) {
    auto lines = CheckSchema(all, options_.url, options_.wait);
    return lines ? *lines : std::vector<std::string>{"failed: " + lines.error().message};
  }
  std::string Valid() {
    return Sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('t_a')");
  }

  MigrateOptions options_;
};

TEST_F(MigrateTest, AnIndexIsBuiltWithoutATransaction) {
  EXPECT_EQ(Apply({kTable, kIndex, kColumn}), "3");
  EXPECT_EQ(Valid(), "t");
  EXPECT_THAT(Check({kTable, kIndex, kColumn}), IsEmpty());
}

TEST_F(MigrateTest, AnIndexThatACrashLeftUnfinishedIsBuiltAgain) {
  ASSERT_EQ(Apply({kTable}), "1");
  // A unique index over equal values fails half-way, as a crash does: what stays is not valid.
  Sql("INSERT INTO t VALUES (1), (1)");
  EXPECT_THAT(Sql("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)"), HasSubstr("could not create"));
  ASSERT_EQ(Valid(), "f");
  EXPECT_THAT(Check({kTable}), ElementsAre(HasSubstr("not valid: its building was interrupted")));
  EXPECT_EQ(Apply({kTable, kIndex}), "1");
  EXPECT_EQ(Valid(), "t");
  EXPECT_THAT(Check({kTable, kIndex}), IsEmpty());
}

TEST_F(MigrateTest, AnIndexThatWasBuiltAndNotNotedIsKept) {
  ASSERT_EQ(Apply({kTable}), "1");
  Sql("CREATE INDEX t_a ON t (a)");
  EXPECT_EQ(Apply({kTable, kIndex}), "1");
}

TEST_F(MigrateTest, ALockedTableIsTriedAgainAndTrafficIsNotHeldUp) {
  ASSERT_EQ(Apply({kTable}), "1");
  Session reader = Connected();
  ASSERT_TRUE(reader.Run("BEGIN; SELECT * FROM t"));  // a long transaction of the service
  options_.wait = std::chrono::minutes(1);
  auto applied = std::async(std::launch::async, [&] { return Apply({kTable, kColumn}); });
  // Each time that the ALTER TABLE is seen waiting somebody comes after it, and is answered while
  // the reader goes on: not when the ALTER TABLE has its turn.
  for (int seen = 0; seen < 5;) {
    ASSERT_EQ(applied.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    if (Sql("SELECT count(*) FROM pg_locks WHERE relation = to_regclass('t') AND NOT granted") ==
        "0") {
      continue;
    }
    ++seen;
    ASSERT_EQ(Sql("SET statement_timeout = '20s'; SELECT count(*) FROM t"), "0");
  }
  ASSERT_TRUE(reader.Run("COMMIT"));
  EXPECT_EQ(applied.get(), "1");
}

TEST_F(MigrateTest, ALockThatIsNeverFreeIsAnErrorThatNamesTheMigration) {
  ASSERT_EQ(Apply({kTable}), "1");
  Session reader = Connected();
  ASSERT_TRUE(reader.Run("BEGIN; SELECT * FROM t"));
  options_.wait = std::chrono::seconds(1);
  EXPECT_THAT(Apply({kTable, kColumn}), HasSubstr("migration 0003_c failed: canceling statement"));
}

TEST_F(MigrateTest, TwoAtOnceDoNotStopEachOthersIndex) {
  ASSERT_EQ(Apply({kTable}), "1");
  Sql("INSERT INTO t SELECT * FROM generate_series(1, 50000)");
  std::vector<std::future<std::string>> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(std::async(std::launch::async, [&] { return Apply({kTable, kIndex}); }));
  }
  int applied = 0;
  for (auto& run : runs) applied += std::stoi(run.get());
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(Valid(), "t");
}

TEST_F(MigrateTest, ADryRunTakesNoLock) {
  Session other = Connected();
  ASSERT_TRUE(other.Run("SELECT pg_advisory_lock(7305808872301)"));
  options_.wait = std::chrono::seconds(1);
  EXPECT_THAT(Apply({kTable}), HasSubstr("another migration has held the lock for 1 s"));
  options_.dry_run = true;
  EXPECT_EQ(Apply({kTable}), "1");
  EXPECT_EQ(Sql("SELECT to_regclass('t') IS NULL"), "t");
}

}  // namespace
}  // namespace todo::migrations
