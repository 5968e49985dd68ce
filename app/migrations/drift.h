// What a schema consists of, and how two differ. Pure; check.h reads them from a database.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace todo::migrations {

struct SchemaObject {
  std::string kind;  // "table", "column", "index", "constraint"
  std::string table;
  std::string name;        // of a column, index or constraint
  std::string definition;  // as PostgreSQL writes it, without the schema's name
  bool operator==(const SchemaObject&) const = default;
};
using Schema = std::vector<SchemaObject>;

// One line for each difference, which names the object, both sides and the fix. Tables that
// `expected` does not have are another program's and left alone; so is whatever else is too much if
// `newer` says that a newer version of this program has migrated the database.
std::vector<std::string> Differences(const Schema& expected, const Schema& found, bool newer);

}  // namespace todo::migrations
