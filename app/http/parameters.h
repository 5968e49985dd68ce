// What a route takes, declared once: the dispatcher validates from it, and an OpenAPI document can
// be made from it. Errors have FastAPI's 422 shape:
//   {"detail":[{"type":"missing","loc":["query","title"],"msg":"Field required","input":null}]}
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace todo::http {

struct Parameter {
  enum class Where { kPath, kQuery };
  enum class Type { kInteger, kText };

  std::string_view name;
  Where where = Where::kQuery;
  Type type = Type::kText;
  bool required = true;
  std::int64_t fallback = 0;  // of an integer that is not required
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::size_t max_length = 0;  // characters of a text; 0: any number
};

// Reads an integer as pydantic does: spaces around, a sign, "7.0", "1_000" are fine; what does not
// fit 64 bits is the nearest that does. False: not an integer.
bool ParseInteger(std::string_view text, std::int64_t& number);

// Collects the errors of one request.
class Problems {
 public:
  void Missing(const Parameter& parameter);
  void NotAnInteger(const Parameter& parameter, std::string_view input);
  void BelowMinimum(const Parameter& parameter, std::string_view input);
  void AboveMaximum(const Parameter& parameter, std::string_view input);
  void TooLong(const Parameter& parameter, std::string_view input);
  void HoldsNul(const Parameter& parameter, std::string_view input);

  bool empty() const { return details_.empty(); }
  // The body of the 422.
  std::string Body() const { return "{\"detail\":[" + details_ + "]}"; }

 private:
  void Add(std::string_view type, const Parameter& parameter, std::string_view message,
           const std::string_view* input, std::string_view context = {});

  std::string details_;
};

// Checks a decoded value against its parameter. True: valid, and `number` set for an integer.
bool Check(const Parameter& parameter, std::string_view text, std::int64_t& number,
           Problems& problems);

}  // namespace todo::http
