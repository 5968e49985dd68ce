#include "app/http/api.h"

#include <algorithm>
#include <exception>

#include "app/http/query.h"
#include "app/http/replies.h"
#include "common/log.h"

namespace todo::http {

using sb::http::Request;
using sb::http::Response;

std::vector<RequestMetrics::RouteLabels> LabelsOf(const std::vector<Route>& routes) {
  std::vector<RequestMetrics::RouteLabels> labels;
  for (const Route& route : routes) {
    labels.push_back({std::string(route.method), std::string(route.pattern)});
  }
  return labels;
}

sb::http::Task Api::Handle(const Request& request) {
  if (!admission_.Admit()) {
    shard_.Shed();
    co_return Render({503, "Overloaded", {{"Retry-After", "1"}}}, StyleOf(request.path));
  }
  const auto began = std::chrono::steady_clock::now();
  const std::size_t unmatched = metrics_.SeriesOfUnmatched(request.method);
  std::size_t series = unmatched;
  shard_.Started();
  Response response;
  try {
    response = co_await Dispatch(request, series);
  } catch (const std::exception& error) {
    sb::log::Error("request failed",
                   {{"method", request.method}, {"path", request.path}, {"error", error.what()}});
    response = Render({500, "Internal Server Error"}, StyleOf(request.path));
  }
  const auto now = std::chrono::steady_clock::now();
  const auto took = now - began;
  shard_.Finished(series, response.status, took);
  // What waited for a dependency that is away says nothing about our own queue.
  admission_.Finished(took, now, response.status < 500);
  const std::string_view route =
      series == unmatched ? std::string_view() : router_.routes()[series].pattern;
  access_log_.Finished(request, route, response, took, now);
  co_return response;
}

std::optional<Response> Api::Validate(const Route& route, const Match& match, Call& call) {
  const Style style = StyleOf(route.pattern);
  Problems problems(style);
  std::size_t in_path = 0;
  for (std::size_t i = 0; i < route.parameters.size(); ++i) {
    const Parameter& parameter = route.parameters[i];
    std::string_view text;
    if (parameter.where == Parameter::Where::kPath) {
      text = match.values[in_path++];
    } else if (parameter.where == Parameter::Where::kHeader) {
      text = call.request.header(parameter.name);
      if (text.data() == nullptr) {
        if (parameter.required) problems.Missing(parameter);
        continue;
      }
      // obs-text has no encoding (RFC 9110 §5.5), and what has none is neither stored nor shown.
      if (std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; })) {
        problems.Add("string_pattern_mismatch", parameter, "Only visible ASCII and spaces",
                     nullptr);
        continue;
      }
    } else {
      text = FindParameter(call.request.query, parameter.name);
      if (text.data() == nullptr) {
        call.integers_[i] = parameter.fallback;
        if (parameter.required) problems.Missing(parameter);
        continue;
      }
      if (!IsPlain(text, Plus::kIsSpace)) {
        std::string& decoded = call.decoded_.emplace_front();
        DecodeComponent(decoded, text, Plus::kIsSpace);
        text = decoded;
      }
    }
    if (Check(parameter, text, call.integers_[i], problems)) {
      call.texts_[i] = text;
      call.given_ |= 1U << i;
    }
  }
  if (route.body.shape != nullptr) {
    auto refusal = body_reader_.Read(route.body, call.request, call.body_, problems);
    if (refusal) return Render(std::move(*refusal), style);
  }
  if (problems.empty()) return std::nullopt;
  Response response;
  response.status = 422;
  if (style == Style::kProblem) response.content_type = kProblemJson;
  response.body = problems.Body();
  return response;
}

sb::http::Task Api::Dispatch(const Request& request, std::size_t& series) {
  std::string decoded;
  std::string_view path = request.path;
  if (!IsPlain(path, Plus::kIsPlus)) {
    DecodeComponent(decoded, path, Plus::kIsPlus);
    path = decoded;
  }
  // FastAPI knows no HEAD, so the tutorial's routes do not; the server leaves the body out.
  const bool head = request.method == "HEAD" && StyleOf(path) == Style::kProblem;
  Match match = router_.Find(head ? std::string_view("GET") : request.method, path);
  if (match.kind == Match::Kind::kNotFound) {
    co_return Render({404, "Not Found"}, StyleOf(path));
  }
  if (match.kind == Match::Kind::kWrongMethod) {
    if (StyleOf(path) == Style::kProblem && match.allowed.starts_with("GET")) {
      match.allowed.insert(3, ", HEAD");
    }
    co_return Render({405, "Method Not Allowed", {{"Allow", match.allowed}}}, StyleOf(path));
  }
  if (match.kind == Match::Kind::kOtherSlash) {
    // Relative: the client knows which scheme and host it used, a proxy in between may not tell us.
    std::string location(request.path);
    if (location.back() == '/') {
      location.pop_back();
    } else {
      location += '/';
    }
    // "//host" would be another host's address.
    while (location.starts_with("//")) location.erase(0, 1);
    if (!request.query.empty()) location.append("?").append(request.query);
    Response response;
    response.status = 307;
    response.content_type = "";
    response.headers.emplace_back("Location", std::move(location));
    co_return response;
  }
  const Route& route = router_.routes()[match.route];
  series = metrics_.SeriesOf(match.route);
  Call call(request);
  if (route.guards.empty()) {
    if (auto refused = Validate(route, match, call)) co_return std::move(*refused);
    co_return co_await route.handler(call);
  }
  auto answer = Answer(route, match, call);
  Response response = co_await std::move(answer);
  for (auto& header : call.answer_headers) response.headers.push_back(std::move(header));
  co_return response;
}

sb::http::Task Api::Answer(const Route& route, const Match& match, Call& call) {
  for (const Guard& guard : route.guards) {
    auto asked = guard.check(call);
    std::optional<Refusal> refusal = co_await std::move(asked);
    if (refusal) co_return Render(std::move(*refusal), StyleOf(route.pattern));
  }
  if (auto refused = Validate(route, match, call)) co_return std::move(*refused);
  co_return co_await route.handler(call);
}

}  // namespace todo::http
