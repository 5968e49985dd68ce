// JSON out, by appending: an answer is written once, into the string that is sent.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace todo::http {

inline void AppendNumber(std::string& out, std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// A JSON string, quotes included (RFC 8259 §7). `text` is valid UTF-8, as everything from
// DecodeComponent and from the database is.
void AppendString(std::string& out, std::string_view text);

}  // namespace todo::http
