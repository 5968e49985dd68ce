#include "operator/prometheus/result.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "common/json.h"

namespace sb::promql {
namespace {

// Prometheus' own sentence may be long (it can quote series): a condition holds the start of it.
constexpr std::size_t kMaxErrorText = 512;

std::string Shorten(std::string text) {
  if (text.size() <= kMaxErrorText) return text;
  std::size_t end = kMaxErrorText;
  // Not in the middle of a UTF-8 character: the text ends up in a status.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// "12.5", "NaN", "+Inf", "-Inf". Independent of the locale, unlike strtod.
std::optional<double> ParseNumber(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  // Out of range is far outside of what a quantity holds; zero for what underflows.
  if (error == std::errc::result_out_of_range) {
    return text.find("e-") == std::string_view::npos ? std::numeric_limits<double>::infinity()
                                                     : 0.0;
  }
  if (error != std::errc{}) return std::nullopt;
  return value;
}

// [1435781451.781, "1"]
std::optional<Series> ParsePoint(const Json& point) {
  if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_string()) {
    return std::nullopt;
  }
  const double seconds = point[0].get<double>();
  const auto value = ParseNumber(point[1].get_ref<const std::string&>());
  if (!value || !std::isfinite(seconds) || std::abs(seconds) > 9e9) return std::nullopt;
  Series series;
  series.value = *value;
  series.at = WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
  return series;
}

tl::unexpected<Error> Nonsense(std::string_view server) {
  return Fail(ErrorCode::kInternal, std::string(server) +
                                        " answered something that is not an answer of Prometheus; "
                                        "check that the url points at its HTTP API");
}

Expected<InstantVector> ParseVector(const Json& result, std::string_view server) {
  InstantVector vector;
  if (!result.is_array()) return Nonsense(server);
  vector.reserve(result.size());
  for (const Json& element : result) {
    if (Find(element, {"histogram"}) != nullptr) {
      return Fail(ErrorCode::kInvalidArgument,
                  "the query gives a histogram, not a number; wrap it in histogram_quantile, "
                  "histogram_count or histogram_sum");
    }
    const Json* point = Find(element, {"value"});
    auto series = point == nullptr ? std::nullopt : ParsePoint(*point);
    if (!series) return Nonsense(server);
    if (const Json* labels = Find(element, {"metric"}); labels != nullptr && labels->is_object()) {
      for (const auto& [name, value] : labels->items()) {
        if (value.is_string()) series->labels[name] = value.get<std::string>();
      }
    }
    vector.push_back(*std::move(series));
  }
  return vector;
}

Expected<InstantVector> ParseSuccess(const Json& answer, std::string_view server) {
  const std::string type = StringAt(answer, {"data", "resultType"});
  const Json* result = Find(answer, {"data", "result"});
  if (result == nullptr) return Nonsense(server);
  if (type == "vector") return ParseVector(*result, server);
  if (type == "scalar") {
    auto series = ParsePoint(*result);
    if (!series) return Nonsense(server);
    return InstantVector{*std::move(series)};
  }
  if (type == "matrix") {
    return Fail(ErrorCode::kInvalidArgument,
                "the query gives a range of values, not one number; wrap it in rate, "
                "avg_over_time or the like");
  }
  if (type == "string") {
    return Fail(ErrorCode::kInvalidArgument, "the query gives a string, not a number");
  }
  return Nonsense(server);
}

// Prometheus names the parameter, which is always the query here.
std::string WithoutParameterName(std::string text) {
  constexpr std::string_view kPrefix = "invalid parameter \"query\": ";
  if (text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
  return text;
}

tl::unexpected<Error> ParseFailure(int status, const Json& answer, std::string_view server) {
  const std::string type = StringAt(answer, {"errorType"});
  const std::string text = Shorten(WithoutParameterName(StringAt(answer, {"error"})));
  const std::string name(server);
  // web/api/v1/api.go: bad_data is 400, execution 422, timeout and canceled 503, internal 500.
  if (type == "bad_data" || type == "execution") {
    return Fail(ErrorCode::kInvalidArgument, "Prometheus rejected it: " + text);
  }
  if (type == "timeout") {
    return Fail(ErrorCode::kDeadlineExceeded, name + " gave up on the query: " + text);
  }
  const std::string said = text.empty() ? "" : ": " + text;
  const std::string answered = name + " answered " + std::to_string(status) + said;
  switch (status) {
    case 401:
      return Fail(ErrorCode::kUnauthenticated, answered + "; it wants the right credentials");
    case 403:
      return Fail(ErrorCode::kPermissionDenied, answered);
    case 404:
      return Fail(ErrorCode::kNotFound, answered + "; check the path of the url");
    case 408:
    case 504:
      return Fail(ErrorCode::kDeadlineExceeded, answered);
    case 429:
      return Fail(ErrorCode::kTooManyRequests, answered);
    default:
      break;
  }
  if (status >= 500) return Fail(ErrorCode::kUnavailable, answered);
  if (status >= 300 && status < 400) {
    return Fail(ErrorCode::kInvalidArgument, answered + ", a redirection; give the final url");
  }
  if (status >= 400) return Fail(ErrorCode::kInvalidArgument, answered);
  return Nonsense(server);
}

}  // namespace

Expected<InstantVector> ParseAnswer(int status, std::string_view body, std::string_view server) {
  const Json answer = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (status == 200 && StringAt(answer, {"status"}) == "success") {
    return ParseSuccess(answer, server);
  }
  return ParseFailure(status, answer, server);
}

Expected<std::vector<Series>> ParseRangeAnswer(int status, std::string_view body,
                                               std::string_view server) {
  const Json answer = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (status != 200 || StringAt(answer, {"status"}) != "success") {
    return ParseFailure(status, answer, server);
  }
  const Json* result = Find(answer, {"data", "result"});
  if (result == nullptr || !result->is_array()) return Nonsense(server);
  std::vector<Series> points;
  if (result->empty()) return points;
  if (result->size() > 1) {
    return Fail(ErrorCode::kInvalidArgument,
                "the query gives several series; aggregate it with sum or max");
  }
  const Json* values = Find(result->front(), {"values"});
  if (values == nullptr || !values->is_array()) return Nonsense(server);
  for (const Json& value : *values) {
    auto point = ParsePoint(value);
    if (!point) return Nonsense(server);
    points.push_back(*std::move(point));
  }
  return points;
}

}  // namespace sb::promql
