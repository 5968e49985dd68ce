#include "operator/kube/quantity.h"

#include <string>

namespace sb::kube {
namespace {

__extension__ typedef __int128 Int128;

struct Suffix {
  std::string_view text;
  int decimal_exponent;  // of ten
  int binary_exponent;   // of two
};

constexpr Suffix kSuffixes[] = {
    {"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
    {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
    {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The exponent and the rest are what follows the number: "e3", "E-2", "Mi".
std::optional<Suffix> ParseSuffix(std::string_view text) {
  if (text.size() > 1 && (text[0] == 'e' || text[0] == 'E')) {
    std::string_view digits = text.substr(1);
    const bool negative = digits[0] == '-';
    if (digits[0] == '-' || digits[0] == '+') digits.remove_prefix(1);
    if (digits.empty() || digits.size() > 2) return std::nullopt;
    int exponent = 0;
    for (char c : digits) {
      if (!IsDigit(c)) return std::nullopt;
      exponent = exponent * 10 + (c - '0');
    }
    return Suffix{"", negative ? -exponent : exponent, 0};
  }
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) return suffix;
  }
  return std::nullopt;
}

// In units of 10^-9, the finest that the API server keeps; it rounds up what is finer.
std::optional<Int128> Nanos(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  Int128 mantissa = 0;
  int scale = 9;  // mantissa * 10^(scale - 9) so far
  bool digits = false;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!IsDigit(c)) break;
    digits = true;
    if (__builtin_mul_overflow(mantissa, Int128{10}, &mantissa)) return std::nullopt;
    mantissa += c - '0';
    if (point) --scale;
  }
  if (!digits) return std::nullopt;
  const auto suffix = ParseSuffix(text.substr(at));
  if (!suffix) return std::nullopt;
  for (int i = 0; i < suffix->binary_exponent; ++i) {
    if (__builtin_mul_overflow(mantissa, Int128{2}, &mantissa)) return std::nullopt;
  }
  scale += suffix->decimal_exponent;
  for (; scale > 0; --scale) {
    if (__builtin_mul_overflow(mantissa, Int128{10}, &mantissa)) return std::nullopt;
  }
  bool rest = false;
  for (; scale < 0; ++scale) {
    rest = rest || mantissa % 10 != 0;
    mantissa /= 10;
  }
  if (rest) ++mantissa;
  return negative ? -mantissa : mantissa;
}

}  // namespace

bool SameQuantity(std::string_view a, std::string_view b) {
  const auto x = Nanos(a);
  return x && x == Nanos(b);
}

std::optional<double> ParseQuantity(std::string_view text) {
  const auto nanos = Nanos(text);
  if (!nanos) return std::nullopt;
  return static_cast<double>(*nanos) / 1e9;
}

}  // namespace sb::kube
