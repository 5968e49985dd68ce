// Which pattern a path fits. The rules for what has no route are Starlette's: a path that exists
// with or without a final slash redirects (not below /v1), a wrong method is 405. Of two patterns
// that fit, the one declared first has the path.
//
//   PathTable paths({{"GET", "/users/{user_id}"}});
//   Match match = paths.Find("GET", "/users/7");       // match.route == 0, match.values[0] == "7"
//
// Immutable after construction.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace todo::http {

struct Match {
  enum class Kind { kRoute, kNotFound, kWrongMethod, kOtherSlash };
  Kind kind = Kind::kNotFound;
  std::size_t route = 0;
  std::array<std::string_view, 3> values{};  // of the pattern's {names}
  std::string allowed;                       // kWrongMethod: "GET, POST"
};

class PathTable {
 public:
  struct Entry {
    std::string_view method;
    std::string_view pattern;
  };
  explicit PathTable(std::vector<Entry> entries);

  // `path` is decoded; the match's values are views into it.
  Match Find(std::string_view method, std::string_view path) const;

 private:
  struct Compiled {
    std::vector<std::string_view> segments;  // "" stands for a {name}
  };
  bool Fits(const Compiled& pattern, std::string_view path, Match* match) const;

  std::vector<Entry> entries_;
  std::vector<Compiled> compiled_;
};

}  // namespace todo::http
