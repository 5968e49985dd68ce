#include "app/v1/cursor.h"

#include "common/hash.h"

namespace todo::v1 {
namespace {

// Two digits, the form; then the id and the check, 16 hexadecimal digits each.
constexpr std::string_view kForm = "01";

void AppendHex(std::string& out, std::uint64_t number) {
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[number >> shift & 15];
}

std::optional<std::uint64_t> ReadHex(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char c : digits) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;  // one text for each cursor
    number = number << 4 | static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return number;
}

std::uint64_t FirstDigits(std::string_view text) {
  return *ReadHex(std::string_view(sb::Sha256Hex(text)).substr(0, 16));
}

std::uint64_t CheckOf(std::uint64_t last_id, std::uint64_t list) {
  std::string text = "todo cursor ";
  AppendHex(text, last_id);
  AppendHex(text, list);
  return FirstDigits(text);
}

}  // namespace

std::uint64_t ListOf(std::int64_t owner_id, std::string_view filter) {
  return FirstDigits(std::to_string(owner_id) + '?' + std::string(filter));
}

std::string EncodeCursor(std::int64_t last_id, std::uint64_t list) {
  const auto id = static_cast<std::uint64_t>(last_id);
  std::string cursor(kForm);
  AppendHex(cursor, id);
  AppendHex(cursor, CheckOf(id, list));
  return cursor;
}

std::optional<std::int64_t> DecodeCursor(std::string_view cursor, std::uint64_t list) {
  if (cursor.size() != kCursorLength || !cursor.starts_with(kForm)) return std::nullopt;
  const auto id = ReadHex(cursor.substr(2, 16));
  const auto check = ReadHex(cursor.substr(18));
  if (!id || !check || *check != CheckOf(*id, list)) return std::nullopt;
  return static_cast<std::int64_t>(*id);
}

}  // namespace todo::v1
