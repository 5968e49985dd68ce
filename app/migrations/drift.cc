#include "app/migrations/drift.h"

#include <algorithm>

namespace todo::migrations {
namespace {

std::string Title(const SchemaObject& object) {
  if (object.kind == "table") return "table " + object.table;
  if (object.kind == "column") return "column " + object.table + "." + object.name;
  return object.kind + " " + object.name + " of " + object.table;
}

std::string Making(const SchemaObject& object) {
  if (object.kind == "column") {
    return "ALTER TABLE " + object.table + " ADD COLUMN " + object.name + " " + object.definition;
  }
  if (object.kind == "constraint") {
    return "ALTER TABLE " + object.table + " ADD CONSTRAINT " + object.name + " " +
           object.definition;
  }
  return object.definition;  // an index: CREATE INDEX …
}

std::string Dropping(const SchemaObject& object) {
  if (object.kind == "index") return "DROP INDEX CONCURRENTLY " + object.name;
  return "ALTER TABLE " + object.table + " DROP " +
         (object.kind == "column" ? "COLUMN " : "CONSTRAINT ") + object.name;
}

std::string Changing(const SchemaObject& expected) {
  if (expected.kind != "column") return Dropping(expected) + "; " + Making(expected);
  return "bring it back with ALTER TABLE " + expected.table + " ALTER COLUMN " + expected.name;
}

const SchemaObject* FindIn(const Schema& schema, const SchemaObject& like) {
  const auto found = std::find_if(schema.begin(), schema.end(), [&](const SchemaObject& one) {
    return one.kind == like.kind && one.table == like.table && one.name == like.name;
  });
  return found == schema.end() ? nullptr : &*found;
}

bool HasTable(const Schema& schema, const std::string& table) {
  return FindIn(schema, {"table", table, "", ""}) != nullptr;
}

}  // namespace

std::vector<std::string> Differences(const Schema& expected, const Schema& found, bool newer) {
  std::vector<std::string> lines;
  for (const SchemaObject& object : expected) {
    const SchemaObject* const there = FindIn(found, object);
    if (there == nullptr) {
      if (object.kind == "table") {
        lines.push_back(Title(object) +
                        " is missing; fix: restore it from a backup, or apply its migration's SQL");
      } else if (HasTable(found, object.table)) {
        lines.push_back(Title(object) + " is missing; fix: " + Making(object));
      }
    } else if (there->definition != object.definition) {
      lines.push_back(Title(object) + " is \"" + there->definition + "\", the migrations give \"" +
                      object.definition + "\"; fix: " + Changing(object));
    }
  }
  for (const SchemaObject& object : found) {
    if (newer || object.kind == "table" || !HasTable(expected, object.table)) continue;
    if (FindIn(expected, object) != nullptr) continue;
    lines.push_back(Title(object) + " (" + object.definition +
                    ") comes from no migration; fix: write one that adds it, or " +
                    Dropping(object));
  }
  return lines;
}

}  // namespace todo::migrations
