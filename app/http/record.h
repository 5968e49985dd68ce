// What a body said: the fields of a JSON object or a form, by their position in the Shape.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace todo::http {

struct FieldValue;

struct Record {
  std::vector<FieldValue> values;
  const FieldValue& operator[](std::size_t field) const;
};

struct FieldValue {
  bool given = false;       // there, and not null
  bool null = false;        // there, as null
  std::int64_t number = 0;  // an integer; a boolean as 0 or 1
  std::string text;
  std::vector<Record> items;  // of a list
};

inline const FieldValue& Record::operator[](std::size_t field) const { return values[field]; }

}  // namespace todo::http
