#include "app/http/api.h"

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
  const auto began = std::chrono::steady_clock::now();
  std::size_t series = metrics_.SeriesOfUnmatched(request.method);
  shard_.Started();
  Response response;
  try {
    response = co_await Dispatch(request, series);
  } catch (const std::exception& error) {
    sb::log::Error("request failed",
                   {{"method", request.method}, {"path", request.path}, {"error", error.what()}});
    response = Detail(500, "Internal Server Error");
  }
  shard_.Finished(series, response.status, std::chrono::steady_clock::now() - began);
  co_return response;
}

std::string Api::Validate(const Route& route, const Match& match, Call& call) const {
  Problems problems;
  std::size_t in_path = 0;
  for (std::size_t i = 0; i < route.parameters.size(); ++i) {
    const Parameter& parameter = route.parameters[i];
    std::string_view text;
    if (parameter.where == Parameter::Where::kPath) {
      text = match.values[in_path++];
    } else {
      text = FindParameter(call.request.query, parameter.name);
      if (text.data() == nullptr) {
        call.integers_[i] = parameter.fallback;
        if (parameter.required) problems.Missing(parameter);
        continue;
      }
      if (!IsPlain(text, Plus::kIsSpace)) {
        DecodeComponent(call.decoded_[i], text, Plus::kIsSpace);
        text = call.decoded_[i];
      }
    }
    if (Check(parameter, text, call.integers_[i], problems)) call.texts_[i] = text;
  }
  return problems.empty() ? std::string() : problems.Body();
}

sb::http::Task Api::Dispatch(const Request& request, std::size_t& series) {
  std::string decoded;
  std::string_view path = request.path;
  if (!IsPlain(path, Plus::kIsPlus)) {
    DecodeComponent(decoded, path, Plus::kIsPlus);
    path = decoded;
  }
  const Match match = router_.Find(request.method, path);
  if (match.kind == Match::Kind::kNotFound) co_return Detail(404, "Not Found");
  if (match.kind == Match::Kind::kWrongMethod) {
    Response response = Detail(405, "Method Not Allowed");
    response.headers.emplace_back("Allow", match.allowed);
    co_return response;
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
  std::string problems = Validate(route, match, call);
  if (!problems.empty()) {
    Response response;
    response.status = 422;
    response.body = std::move(problems);
    co_return response;
  }
  co_return co_await route.handler(call);
}

}  // namespace todo::http
