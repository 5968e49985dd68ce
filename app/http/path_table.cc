#include "app/http/path_table.h"

#include <utility>

#include "app/http/problems.h"

namespace todo::http {
namespace {

// Takes the text up to the next '/' off a path that starts with one.
std::string_view TakeSegment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  return segment;
}

}  // namespace

PathTable::PathTable(std::vector<Entry> entries) : entries_(std::move(entries)) {
  for (const Entry& entry : entries_) {
    Compiled compiled;
    std::string_view rest = entry.pattern;
    while (!rest.empty()) {
      const std::string_view segment = TakeSegment(rest);
      compiled.segments.push_back(segment.starts_with('{') ? std::string_view() : segment);
      if (segment.empty())
        compiled.segments.back() = "/";  // the end of "/tasks/": no segment has a slash
    }
    compiled_.push_back(std::move(compiled));
  }
}

bool PathTable::Fits(const Compiled& pattern, std::string_view path, Match* match) const {
  std::size_t values = 0;
  for (const std::string_view expected : pattern.segments) {
    if (path.empty()) return false;
    const std::string_view segment = TakeSegment(path);
    if (expected.empty()) {
      if (segment.empty()) return false;
      if (match != nullptr) match->values[values++] = segment;
    } else if (expected == "/") {
      if (!segment.empty()) return false;
    } else if (segment != expected) {
      return false;
    }
  }
  return path.empty();
}

Match PathTable::Find(std::string_view method, std::string_view path) const {
  Match match;
  if (path.empty() || path.front() != '/') return match;
  const Entry* owner = nullptr;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    // The first pattern that fits has the path: /users/me hides the methods of /users/{user_id}.
    if (owner != nullptr && entries_[i].pattern != owner->pattern) continue;
    if (!Fits(compiled_[i], path, &match)) continue;
    owner = &entries_[i];
    if (entries_[i].method == method) {
      match.kind = Match::Kind::kRoute;
      match.route = i;
      return match;
    }
    match.kind = Match::Kind::kWrongMethod;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += entries_[i].method;
  }
  // Redirects are the tutorial's; below /v1 a path has one spelling.
  if (match.kind == Match::Kind::kWrongMethod || path == "/") return match;
  if (StyleOf(path) == Style::kProblem) return match;
  const std::string other =
      path.back() == '/' ? std::string(path.substr(0, path.size() - 1)) : std::string(path) + "/";
  for (const Compiled& compiled : compiled_) {
    if (Fits(compiled, other, nullptr)) match.kind = Match::Kind::kOtherSlash;
  }
  return match;
}

}  // namespace todo::http
