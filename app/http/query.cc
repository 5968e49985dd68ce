#include "app/http/query.h"

#include <cstdint>

namespace todo::http {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Length of the well-formed UTF-8 sequence at the front (Unicode table 3-7), 0 if there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto follows = [&](std::size_t i, std::uint8_t low, std::uint8_t high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const std::uint8_t low = first == 0xE0 ? 0xA0 : 0x80;
    const std::uint8_t high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const std::uint8_t low = first == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

void ReplaceInvalid(std::string& text, std::size_t from) {
  std::string valid;
  bool changed = false;
  for (std::size_t i = from; i < text.size();) {
    const std::size_t length = SequenceLength(std::string_view(text).substr(i));
    if (length == 0) {
      valid += kReplacement;
      changed = true;
      ++i;
    } else {
      valid.append(text, i, length);
      i += length;
    }
  }
  if (changed) text.replace(from, std::string::npos, valid);
}

// Appends the bytes; true if there are some that are not ASCII.
bool AppendDecoded(std::string& out, std::string_view encoded, Plus plus) {
  bool high_bytes = false;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%' && i + 2 < encoded.size() && HexDigit(encoded[i + 1]) >= 0 &&
        HexDigit(encoded[i + 2]) >= 0) {
      c = static_cast<char>(HexDigit(encoded[i + 1]) * 16 + HexDigit(encoded[i + 2]));
      i += 2;
    } else if (c == '+' && plus == Plus::kIsSpace) {
      c = ' ';
    }
    high_bytes |= static_cast<unsigned char>(c) >= 0x80;
    out += c;
  }
  return high_bytes;
}

// Does the raw name, decoded, equal `name`? Names are plain ASCII almost always.
bool SameName(std::string_view raw, std::string_view name) {
  if (raw == name) return true;
  if (raw.find('%') == std::string_view::npos) return false;
  std::string decoded;
  DecodeComponent(decoded, raw, Plus::kIsSpace);
  return decoded == name;
}

}  // namespace

bool IsPlain(std::string_view encoded, Plus plus) {
  for (const char c : encoded) {
    if (c == '%' || static_cast<unsigned char>(c) >= 0x80) return false;
    if (c == '+' && plus == Plus::kIsSpace) return false;
  }
  return true;
}

void DecodeComponent(std::string& out, std::string_view encoded, Plus plus) {
  const std::size_t start = out.size();
  if (AppendDecoded(out, encoded, plus)) ReplaceInvalid(out, start);
}

bool DecodeStrictly(std::string& out, std::string_view encoded, Plus plus) {
  const std::size_t start = out.size();
  if (!AppendDecoded(out, encoded, plus)) return true;
  for (std::size_t i = start; i < out.size();) {
    const std::size_t length = SequenceLength(std::string_view(out).substr(i));
    if (length == 0) {
      out.resize(start);
      return false;
    }
    i += length;
  }
  return true;
}

std::string_view FindParameter(std::string_view query, std::string_view name) {
  std::string_view found;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (!SameName(pair.substr(0, equals), name)) continue;
    found = equals == std::string_view::npos ? pair.substr(pair.size()) : pair.substr(equals + 1);
  }
  return found;
}

}  // namespace todo::http
