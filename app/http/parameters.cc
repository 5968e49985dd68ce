#include "app/http/parameters.h"

#include <algorithm>
#include <array>

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

bool ParseBoolean(std::string_view text, std::int64_t& number) {
  constexpr std::array<std::string_view, 6> kTrue = {"true", "1", "t", "yes", "y", "on"};
  constexpr std::array<std::string_view, 6> kFalse = {"false", "0", "f", "no", "n", "off"};
  if (text.empty() || text.size() > 5) return false;
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  number = std::find(kTrue.begin(), kTrue.end(), lower) != kTrue.end() ? 1 : 0;
  return number == 1 || std::find(kFalse.begin(), kFalse.end(), lower) != kFalse.end();
}

bool ParseStrictInteger(std::string_view text, std::int64_t& number) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), IsDigit) &&
         ParseInteger(text, number);
}

bool CheckText(const Parameter& parameter, std::string_view text, Problems& problems) {
  if (text.find('\0') != std::string_view::npos) {
    problems.HoldsNul(parameter, text);
  } else if (parameter.min_length > 0 && Characters(text) < parameter.min_length) {
    problems.TooShort(parameter, text);
  } else if (parameter.max_length > 0 && Characters(text) > parameter.max_length) {
    problems.TooLong(parameter, text);
  } else {
    return true;
  }
  return false;
}

bool CheckInteger(const Parameter& parameter, std::int64_t number, std::string_view text,
                  Problems& problems) {
  if (number < parameter.minimum) {
    problems.BelowMinimum(parameter, text);
  } else if (number > parameter.maximum) {
    problems.AboveMaximum(parameter, text);
  } else {
    return true;
  }
  return false;
}

bool Check(const Parameter& parameter, std::string_view text, std::int64_t& number,
           Problems& problems) {
  switch (parameter.type) {
    case Parameter::Type::kInteger:
      if (problems.style() == Style::kProblem ? ParseStrictInteger(text, number)
                                              : ParseInteger(text, number)) {
        return CheckInteger(parameter, number, text, problems);
      }
      problems.NotAnInteger(parameter, text);
      return false;
    case Parameter::Type::kBoolean:
      if (problems.style() == Style::kProblem ? text == "true" || text == "false"
                                              : ParseBoolean(text, number)) {
        if (problems.style() == Style::kProblem) number = text == "true" ? 1 : 0;
        return true;
      }
      problems.NotABoolean(parameter, text);
      return false;
    case Parameter::Type::kText:
    case Parameter::Type::kList:
      break;
  }
  return CheckText(parameter, text, problems);
}

}  // namespace todo::http
