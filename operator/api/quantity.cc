#include "operator/api/quantity.h"

#include <array>
#include <utility>

namespace sb::api {
namespace {

__extension__ typedef unsigned __int128 Wide;  // -Wpedantic knows no `using` for it

constexpr std::int64_t kMaxMilli = 9'200'000'000'000'000'000;
constexpr std::size_t kMaxLength = 64;
constexpr int kFractionDigits = 18;

constexpr Wide PowerOfTen(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What the digits are multiplied with: `times` / `over`.
struct Scale {
  Wide times = 1;
  Wide over = 1;
};

std::optional<Scale> PowerScale(int exponent) {
  if (exponent < -18 || exponent > 18) return std::nullopt;
  if (exponent < 0) return Scale{1, PowerOfTen(-exponent)};
  return Scale{PowerOfTen(exponent), 1};
}

std::optional<Scale> DecimalScale(std::string_view suffix) {
  constexpr std::array<std::pair<std::string_view, int>, 10> kSuffixes{{{"n", -9},
                                                                        {"u", -6},
                                                                        {"m", -3},
                                                                        {"", 0},
                                                                        {"k", 3},
                                                                        {"M", 6},
                                                                        {"G", 9},
                                                                        {"T", 12},
                                                                        {"P", 15},
                                                                        {"E", 18}}};
  for (const auto& [text, exponent] : kSuffixes) {
    if (suffix == text) return PowerScale(exponent);
  }
  return std::nullopt;
}

std::optional<Scale> BinaryScale(std::string_view suffix) {
  constexpr std::string_view kLetters = "KMGTPE";
  if (suffix.size() != 2 || suffix[1] != 'i') return std::nullopt;
  const std::size_t index = kLetters.find(suffix[0]);
  if (index == std::string_view::npos) return std::nullopt;
  return Scale{Wide{1} << (10 * (index + 1)), 1};
}

std::optional<Scale> ExponentScale(std::string_view suffix) {
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  suffix.remove_prefix(1);
  const bool negative = suffix[0] == '-';
  if (negative || suffix[0] == '+') suffix.remove_prefix(1);
  if (suffix.empty() || suffix.size() > 3) return std::nullopt;
  int exponent = 0;
  for (char c : suffix) {
    if (!IsDigit(c)) return std::nullopt;
    exponent = exponent * 10 + (c - '0');
  }
  return PowerScale(negative ? -exponent : exponent);
}

}  // namespace

std::optional<Quantity> Quantity::Parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxLength) return std::nullopt;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);

  constexpr Wide kMaxWhole = PowerOfTen(20);
  Wide whole = 0;
  std::size_t at = 0;
  bool digits = false;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    whole = whole * 10 + static_cast<Wide>(text[at] - '0');
    if (whole > kMaxWhole) return std::nullopt;
    digits = true;
  }
  Wide fraction = 0;
  bool finer = false;  // digits behind the ones that are kept
  if (at < text.size() && text[at] == '.') {
    int kept = 0;
    for (++at; at < text.size() && IsDigit(text[at]); ++at) {
      digits = true;
      if (kept < kFractionDigits) {
        fraction = fraction * 10 + static_cast<Wide>(text[at] - '0');
        ++kept;
      } else {
        finer = finer || text[at] != '0';
      }
    }
    fraction *= PowerOfTen(kFractionDigits - kept);
  }
  if (!digits) return std::nullopt;

  const std::string_view suffix_text = text.substr(at);
  Suffix suffix = Suffix::kDecimal;
  std::optional<Scale> scale = DecimalScale(suffix_text);
  if (!scale && (scale = BinaryScale(suffix_text))) suffix = Suffix::kBinary;
  if (!scale && (scale = ExponentScale(suffix_text))) suffix = Suffix::kExponent;
  if (!scale) return std::nullopt;

  // Bounded before the multiplication: then whole * 10^18 * times < 10^36 fits.
  constexpr Wide kMaxUnits = static_cast<Wide>(kMaxMilli) / 1000;
  if (scale->over == 1 && whole > kMaxUnits / scale->times) return std::nullopt;
  const Wide scaled = (whole * PowerOfTen(kFractionDigits) + fraction) * scale->times;
  const Wide divisor = PowerOfTen(kFractionDigits - 3) * scale->over;
  Wide milli = scaled / divisor;
  if (finer || scaled % divisor != 0) ++milli;
  if (milli > static_cast<Wide>(kMaxMilli)) return std::nullopt;
  const auto magnitude = static_cast<std::int64_t>(milli);
  return Quantity(negative ? -magnitude : magnitude, suffix);
}

std::string Quantity::ToString() const {
  if (milli_ % 1000 != 0) {
    return std::to_string(milli_) + (suffix_ == Suffix::kExponent ? "e-3" : "m");
  }
  std::int64_t units = milli_ / 1000;
  // apimachinery writes small binary quantities as decimal ones.
  const bool binary = suffix_ == Suffix::kBinary && (units <= -1024 || units >= 1024);
  constexpr std::array<const char*, 7> kBinary{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  constexpr std::array<const char*, 7> kDecimal{"", "k", "M", "G", "T", "P", "E"};
  constexpr std::array<const char*, 7> kExponent{"", "e3", "e6", "e9", "e12", "e15", "e18"};
  const std::int64_t base = binary ? 1024 : 1000;
  std::size_t power = 0;
  while (units != 0 && units % base == 0 && power + 1 < kDecimal.size()) {
    units /= base;
    ++power;
  }
  const auto& names = binary ? kBinary : suffix_ == Suffix::kExponent ? kExponent : kDecimal;
  return std::to_string(units) + names[power];
}

}  // namespace sb::api
