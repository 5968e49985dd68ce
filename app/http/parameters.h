// What a route takes, declared once: the dispatcher validates from it, and the OpenAPI document is
// made from it. The same declaration serves parameters (path, query, header) and the fields of
// bodies.
//
//   constexpr Parameter kLimit = {.name = "limit", .type = Parameter::Type::kInteger,
//                                 .required = false, .fallback = 100, .minimum = 1, .maximum =
//                                 500};
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "app/http/problems.h"

namespace todo::http {

struct Shape;

struct Parameter {
  using Where = ValuePlace;
  enum class Type { kInteger, kText, kBoolean, kList };

  std::string_view name;
  Where where = Where::kQuery;  // of a body's field: not looked at
  Type type = Type::kText;
  bool required = true;
  std::int64_t fallback = 0;  // of an integer that is not required
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::size_t min_length = 0;         // characters of a text, elements of a list
  std::size_t max_length = 0;         // the same; 0: any number
  bool nullable = false;              // of a field: null is as good as a value
  const Shape* of = nullptr;          // kList: of its elements
  std::string_view format = {};       // for the document: "date-time", "password"
  std::string_view description = {};  // for the document
  // For the document: the texts that the handler takes, which refuses others in its own words.
  std::span<const std::string_view> choices = {};
};

// Reads an integer as pydantic does: spaces around, a sign, "7.0", "1_000" are fine; what does not
// fit 64 bits is the nearest that does. False: not an integer.
bool ParseInteger(std::string_view text, std::int64_t& number);

// Reads a boolean as pydantic does: true, t, yes, y, on, 1 and their opposites, in any case.
bool ParseBoolean(std::string_view text, std::int64_t& number);

// The same as JSON writes them, for /v1: digits with a sign before them; true or false.
bool ParseStrictInteger(std::string_view text, std::int64_t& number);

// Checks a decoded value against its parameter. True: valid, and `number` set for an integer or a
// boolean (0 or 1).
bool Check(const Parameter& parameter, std::string_view text, std::int64_t& number,
           Problems& problems);
// The parts of it, for values that arrive typed.
bool CheckText(const Parameter& parameter, std::string_view text, Problems& problems);
bool CheckInteger(const Parameter& parameter, std::int64_t number, std::string_view text,
                  Problems& problems);

}  // namespace todo::http
