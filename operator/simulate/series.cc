#include "operator/simulate/series.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace sb::simulate {
namespace {

constexpr std::chrono::minutes kLookBack{5};

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(Trim(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<WallTime> TimeOf(std::string_view text) {
  if (const auto time = ParseTime(text)) return time;
  const auto seconds = Number(text);
  if (!seconds || !(*seconds >= 0) || *seconds > 1e11) return std::nullopt;
  return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000)));
}

bool IsNothing(std::string_view text) {
  return text.empty() || text == "null" || text == "NaN" || text == "nan";
}

}  // namespace

std::optional<double> Series::At(WallTime time) const {
  const auto after =
      std::upper_bound(points.begin(), points.end(), time,
                       [](WallTime at, const Point& point) { return at < point.at; });
  if (after == points.begin()) return std::nullopt;
  const Point& point = *std::prev(after);
  if (time - point.at > kLookBack) return std::nullopt;
  return point.value;
}

Expected<std::vector<Series>> ParseCsv(std::string_view text) {
  std::vector<Series> all;
  std::size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const auto fields = Split(line, ',');
    const auto time = TimeOf(fields[0]);
    if (all.empty()) {
      for (std::size_t i = 1; i < fields.size(); ++i) {
        all.push_back({time ? "metric" : std::string(fields[i]), {}});
      }
      if (all.empty()) {
        return Fail(ErrorCode::kInvalidArgument,
                    "line " + std::to_string(number) + ": has no value; write time,value");
      }
      if (!time) continue;
    }
    if (!time || fields.size() != all.size() + 1) {
      return Fail(ErrorCode::kInvalidArgument,
                  "line " + std::to_string(number) + ": has to be a time and " +
                      std::to_string(all.size()) + " value(s), such as 2026-11-24T00:00:00Z,120");
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::optional<double> value;
      if (!IsNothing(fields[i + 1])) {
        value = Number(fields[i + 1]);
        if (!value) {
          return Fail(ErrorCode::kInvalidArgument, "line " + std::to_string(number) + ": \"" +
                                                       std::string(fields[i + 1]) +
                                                       "\" is no number");
        }
      }
      auto& points = all[i].points;
      if (!points.empty() && points.back().at >= *time) {
        return Fail(ErrorCode::kInvalidArgument,
                    "line " + std::to_string(number) + ": times have to rise");
      }
      points.push_back({*time, value});
    }
  }
  if (all.empty() || all[0].points.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the file holds no sample");
  }
  return all;
}

}  // namespace sb::simulate
