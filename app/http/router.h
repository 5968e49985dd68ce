// Which route answers a request. Routes are declared once, with their parameters; the rules for
// what has no route are Starlette's: a path that exists with or without a final slash redirects, a
// wrong method is 405. Of two patterns that fit, the one declared first has the path.
//
//   Router router({{"GET", "/users/{user_id}", {{.name = "user_id", ...}}, handler}});
//   Match match = router.Find("GET", "/users/7");      // match.route == 0, match.values[0] == "7"
//
// Immutable after construction.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/call.h"
#include "common/http/server.h"

namespace todo::http {

struct Route {
  std::string_view method;
  std::string_view pattern;           // "/users/{user_id}"; also the label of its metrics
  std::vector<Parameter> parameters;  // those in the path first, in its order
  std::function<sb::http::Task(const Call&)> handler;
  std::vector<Guard> guards = {};
  BodySpec body = {};
  // For the document only.
  std::vector<Answer> answers = {};
  std::string_view tag = {};
  std::string_view summary = {};
};

struct Match {
  enum class Kind { kRoute, kNotFound, kWrongMethod, kOtherSlash };
  Kind kind = Kind::kNotFound;
  std::size_t route = 0;
  std::array<std::string_view, 3> values{};  // of the pattern's {names}
  std::string allowed;                       // kWrongMethod: "GET, POST"
};

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  // `path` is decoded; the match's values are views into it.
  Match Find(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Compiled {
    std::vector<std::string_view> segments;  // "" stands for a {name}
  };
  bool Fits(const Compiled& pattern, std::string_view path, Match* match) const;

  std::vector<Route> routes_;
  std::vector<Compiled> compiled_;
};

}  // namespace todo::http
