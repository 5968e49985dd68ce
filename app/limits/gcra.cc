#include "app/limits/gcra.h"

#include <charconv>

namespace todo::limits {
namespace {

constexpr std::int64_t kMostQuota = 1'000'000;
constexpr std::int64_t kMostSeconds = 86'400;

bool TakeNumber(std::string_view& text, std::int64_t& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number > 0;
}

}  // namespace

std::optional<Rate> ParseRate(std::string_view text) {
  std::int64_t quota = 0, seconds = 0;
  if (!TakeNumber(text, quota) || quota > kMostQuota || !text.starts_with('/')) return std::nullopt;
  text.remove_prefix(1);
  if (text == "second") {
    seconds = 1;
  } else if (text == "minute") {
    seconds = 60;
  } else if (text == "hour") {
    seconds = 3600;
  } else if (text == "day") {
    seconds = kMostSeconds;
  } else if (!TakeNumber(text, seconds) || text != "s" || seconds > kMostSeconds) {
    return std::nullopt;
  }
  return Rate{quota, std::chrono::seconds(seconds)};
}

}  // namespace todo::limits
