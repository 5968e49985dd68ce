// What a body looks like, declared once: requests are validated from it, the OpenAPI document
// describes requests and answers with it.
//
//   constexpr Field kNewTaskFields[] = {{.name = "title", .min_length = 1, .max_length = 255}};
//   constexpr Shape kNewTask = {"NewTask", kNewTaskFields};
//   constexpr Field kBulkFields[] = {
//       {.name = "tasks", .type = Field::Type::kList, .max_length = 500, .of = &kNewTask}};
//   constexpr Shape kNewTasks = {"NewTasks", kBulkFields};
//
// Constants of static storage: routes keep pointers to them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "app/http/parameters.h"

namespace todo::http {

using Field = Parameter;

struct Shape {
  std::string_view name;  // of the document's component
  std::span<const Field> fields;
  std::string_view description = {};
};

// The body that a route takes.
struct BodySpec {
  enum class Media { kJson, kForm };
  const Shape* shape = nullptr;  // null: the route takes no body, and does not read one
  Media media = Media::kJson;
  std::size_t max_bytes = 64 << 10;  // more: 413
};

// An answer that a route gives, for the document. What the mechanism itself answers (422 for
// parameters and bodies, 400, 413 and 415 for bodies, what guards refuse) is not repeated here.
struct Answer {
  int status;
  std::string_view description;
  const Shape* shape = nullptr;                // null: no body, or for 4xx and 5xx the error's
  std::vector<std::string_view> headers = {};  // "ETag", "Location"
  bool list = false;                           // an array of them
  std::string_view content_type = {};          // other than JSON
};

}  // namespace todo::http
