// Routes: each is declared once, with all that it takes, wants and answers. Validation, metrics and
// the OpenAPI document come from that declaration.
//
//   Router router({{.method = "GET", .pattern = "/users/{user_id}",
//                   .parameters = {{.name = "user_id", .where = Parameter::Where::kPath}},
//                   .handler = handler, .answers = {{200, "The user.", &kUser}}}});
//   Match match = router.Find("GET", "/users/7");      // match.route == 0, match.values[0] == "7"
//
// Immutable after construction.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/call.h"
#include "app/http/path_table.h"
#include "app/http/shape.h"
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

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  // `path` is decoded; the match's values are views into it.
  Match Find(std::string_view method, std::string_view path) const {
    return paths_.Find(method, path);
  }
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  PathTable paths_;
};

}  // namespace todo::http
