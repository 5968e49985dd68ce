#include "app/http/parameters.h"

#include <algorithm>

#include "app/http/json_writer.h"

namespace todo::http {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

bool ParseInteger(std::string_view text, std::int64_t& number) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  // "7.00" is 7.
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    const std::string_view zeros = text.substr(dot + 1);
    if (zeros.empty() || zeros.find_first_not_of('0') != std::string_view::npos) return false;
    text = text.substr(0, dot);
  }
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || !IsDigit(text.front()) || !IsDigit(text.back())) return false;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::int64_t value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && text[i - 1] != '_') continue;
    if (!IsDigit(text[i])) return false;
    const int digit = text[i] - '0';
    value = value > (kMax - digit) / 10 ? kMax : value * 10 + digit;
  }
  number = negative ? -value : value;
  return true;
}

void Problems::Add(std::string_view type, const Parameter& parameter, std::string_view message,
                   const std::string_view* input, std::string_view context) {
  if (!details_.empty()) details_ += ',';
  details_ += "{\"type\":\"";
  details_ += type;
  details_ += parameter.where == Parameter::Where::kPath ? "\",\"loc\":[\"path\","
                                                         : "\",\"loc\":[\"query\",";
  AppendString(details_, parameter.name);
  details_ += "],\"msg\":";
  AppendString(details_, message);
  details_ += ",\"input\":";
  if (input == nullptr) {
    details_ += "null";
  } else {
    AppendString(details_, *input);
  }
  if (!context.empty()) {
    details_ += ",\"ctx\":{";
    details_ += context;
    details_ += '}';
  }
  details_ += '}';
}

void Problems::Missing(const Parameter& parameter) {
  Add("missing", parameter, "Field required", nullptr);
}
void Problems::NotAnInteger(const Parameter& parameter, std::string_view input) {
  Add("int_parsing", parameter,
      "Input should be a valid integer, unable to parse string as an integer", &input);
}
void Problems::BelowMinimum(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.minimum);
  Add("greater_than_equal", parameter, "Input should be greater than or equal to " + bound, &input,
      "\"ge\":" + bound);
}
void Problems::AboveMaximum(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.maximum);
  Add("less_than_equal", parameter, "Input should be less than or equal to " + bound, &input,
      "\"le\":" + bound);
}
void Problems::TooLong(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.max_length);
  Add("string_too_long", parameter, "String should have at most " + bound + " characters", &input,
      "\"max_length\":" + bound);
}
void Problems::HoldsNul(const Parameter& parameter, std::string_view input) {
  Add("value_error", parameter, "Value error, a text must not contain the character U+0000",
      &input);
}

bool Check(const Parameter& parameter, std::string_view text, std::int64_t& number,
           Problems& problems) {
  if (parameter.type == Parameter::Type::kText) {
    if (text.find('\0') != std::string_view::npos) {
      problems.HoldsNul(parameter, text);
      return false;
    }
    if (parameter.max_length > 0 && Characters(text) > parameter.max_length) {
      problems.TooLong(parameter, text);
      return false;
    }
    return true;
  }
  if (!ParseInteger(text, number)) {
    problems.NotAnInteger(parameter, text);
  } else if (number < parameter.minimum) {
    problems.BelowMinimum(parameter, text);
  } else if (number > parameter.maximum) {
    problems.AboveMaximum(parameter, text);
  } else {
    return true;
  }
  return false;
}

}  // namespace todo::http
