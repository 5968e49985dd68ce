// Any request line: decoding and routing end without a crash, what is decoded is UTF-8, and a match
// is one: its values are parts of the path that put into the pattern give the path again. The input
// is a method, a line feed, a path, '?' and a query.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/http/parameters.h"
#include "app/http/path_table.h"
#include "app/http/query.h"

namespace {

using todo::http::Match;
using todo::http::Parameter;
using todo::http::PathTable;
using todo::http::Plus;

void Check(bool holds) {
  if (!holds) std::abort();
}

constexpr PathTable::Entry kEntries[] = {{"GET", "/"},
                                         {"GET", "/users/me"},
                                         {"GET", "/users/{user_id}"},
                                         {"POST", "/users/"},
                                         {"GET", "/tasks/{id}"},
                                         {"GET", "/tasks/"},
                                         {"POST", "/tasks/"},
                                         {"GET", "/v1/tasks"},
                                         {"POST", "/v1/tasks:bulk"},
                                         {"GET", "/v1/tasks/{id}"},
                                         {"PATCH", "/v1/tasks/{id}"},
                                         {"GET", "/v1/a/{b}/c/{d}"}};

std::string Filled(std::string_view pattern, const Match& match) {
  std::string path;
  std::size_t value = 0;
  while (!pattern.empty()) {
    if (pattern.front() == '{') {
      path += match.values[value++];
      pattern.remove_prefix(pattern.find('}') + 1);
    } else {
      path += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return path;
}

bool IsUtf8(std::string_view text) {
  std::string again;
  todo::http::DecodeComponent(again, text, Plus::kIsPlus);
  // What has no percent sign left is decoded to itself exactly if it is UTF-8.
  return text.find('%') != std::string_view::npos || again == text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  const std::string_view method = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(method.size() == rest.size() ? method.size() : method.size() + 1);
  const std::string_view raw = rest.substr(0, rest.find('?'));
  const std::string_view query = raw.size() == rest.size() ? "" : rest.substr(raw.size() + 1);

  static const PathTable paths(
      std::vector<PathTable::Entry>(std::begin(kEntries), std::end(kEntries)));
  std::string path;
  todo::http::DecodeComponent(path, raw, Plus::kIsPlus);
  Check(IsUtf8(path));
  const Match match = paths.Find(method, path);
  if (match.kind == Match::Kind::kRoute) {
    Check(kEntries[match.route].method == method);
    Check(Filled(kEntries[match.route].pattern, match) == path);
  }
  Check((match.kind == Match::Kind::kWrongMethod) == !match.allowed.empty() ||
        match.kind == Match::Kind::kRoute);

  const Parameter parameters[] = {
      {.name = "a", .max_length = 3},
      {.name = "b", .type = Parameter::Type::kInteger, .minimum = -5, .maximum = 5},
      {.name = "c", .type = Parameter::Type::kBoolean}};
  for (const auto style : {todo::http::Style::kFastApi, todo::http::Style::kProblem}) {
    todo::http::Problems problems(style);
    for (const Parameter& parameter : parameters) {
      const std::string_view found = todo::http::FindParameter(query, parameter.name);
      if (found.data() == nullptr) continue;
      std::string text;
      todo::http::DecodeComponent(text, found, Plus::kIsSpace);
      Check(IsUtf8(text));
      std::int64_t number = 0;
      if (!todo::http::Check(parameter, text, number, problems)) {
        Check(!problems.empty());
      } else if (parameter.type == Parameter::Type::kInteger) {
        Check(number >= -5 && number <= 5);
      }
    }
    if (!problems.empty()) Check(problems.Body().size() < 2000 + 6 * size);
  }
  return 0;
}
