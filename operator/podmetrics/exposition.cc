#include "operator/podmetrics/exposition.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace sb::podmetrics {
namespace {

void SkipSpaces(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

std::optional<double> Number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The length of the labels up to, and without, their closing brace; npos: there is none.
std::size_t LabelsEnd(std::string_view text) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && quoted) {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (text[at] == '}' && !quoted) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::optional<ExposedSample> ReadLine(std::string_view line) {
  SkipSpaces(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  const std::size_t end = line.find_first_of("{ \t");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  ExposedSample sample{.name = line.substr(0, end)};
  line.remove_prefix(end);
  if (line.front() == '{') {
    line.remove_prefix(1);
    const std::size_t close = LabelsEnd(line);
    if (close == std::string_view::npos) return std::nullopt;
    sample.labels = line.substr(0, close);
    line.remove_prefix(close + 1);
  }
  SkipSpaces(line);
  const auto value = Number(line.substr(0, line.find_first_of(" \t\r")));
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

}  // namespace

std::string_view ExposedSample::Label(std::string_view key) const {
  std::string_view rest = labels;
  while (!rest.empty()) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos || equals + 1 >= rest.size() || rest[equals + 1] != '"')
      return {};
    std::string_view label = rest.substr(0, equals);
    while (label.starts_with(' ') || label.starts_with(',')) label.remove_prefix(1);
    rest.remove_prefix(equals + 2);
    std::size_t close = 0;
    while (close < rest.size() && rest[close] != '"') close += rest[close] == '\\' ? 2 : 1;
    if (close >= rest.size()) return {};
    if (label == key) return rest.substr(0, close);
    rest.remove_prefix(close + 1);
  }
  return {};
}

void ForEachSample(std::string_view body, const std::function<void(const ExposedSample&)>& take) {
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    if (const auto sample = ReadLine(body.substr(0, end))) take(*sample);
    if (end == std::string_view::npos) return;
    body.remove_prefix(end + 1);
  }
}

}  // namespace sb::podmetrics
