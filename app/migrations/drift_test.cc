#include "app/migrations/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace todo::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const SchemaObject kTable = {"table", "users", "", ""};
const SchemaObject kName = {"column", "users", "name", "text NOT NULL"};
const SchemaObject kIndex = {"index", "users", "users_name", "CREATE INDEX users_name ON users"};
const SchemaObject kCheck = {"constraint", "users", "named", "CHECK ((name <> ''::text))"};
const Schema kExpected = {kTable, kName, kIndex, kCheck};

TEST(Differences, NoneBetweenEqualSchemas) {
  EXPECT_THAT(Differences(kExpected, kExpected, false), IsEmpty());
}

TEST(Differences, NameWhatIsMissingAndHowToMakeIt) {
  EXPECT_THAT(Differences(kExpected, {kTable, kIndex, kCheck}, false),
              ElementsAre("column users.name is missing; fix: ALTER TABLE users ADD COLUMN name "
                          "text NOT NULL"));
  EXPECT_THAT(Differences(kExpected, {kTable, kName, kCheck}, false),
              ElementsAre("index users_name of users is missing; fix: CREATE INDEX users_name ON "
                          "users"));
  EXPECT_THAT(Differences(kExpected, {}, false), ElementsAre(HasSubstr("table users is missing")))
      << "one line for a table, not one for each of its columns";
}

TEST(Differences, NameBothSidesOfWhatWasChanged) {
  Schema found = kExpected;
  found[1].definition = "character varying(20)";
  EXPECT_THAT(Differences(kExpected, found, false),
              ElementsAre(HasSubstr("column users.name is \"character varying(20)\", the "
                                    "migrations give \"text NOT NULL\"")));
}

TEST(Differences, NameWhatNoMigrationMakes) {
  Schema found = kExpected;
  found.push_back({"index", "users", "by_hand", "CREATE INDEX by_hand ON users"});
  found.push_back({"table", "others", "", ""});
  found.push_back({"column", "others", "x", "integer"});
  EXPECT_THAT(Differences(kExpected, found, false),
              ElementsAre(HasSubstr("DROP INDEX CONCURRENTLY by_hand")));
  EXPECT_THAT(Differences(kExpected, found, true), IsEmpty())
      << "an old version beside a new one must not call its columns a mistake";
}

}  // namespace
}  // namespace todo::migrations
