// The OpenAPI 3.1 document of a service, made from the same routes that it dispatches and validates
// by: what is in the document is what the service does.
//
//   std::string document = OpenApiDocument(routes, {.title = "Todo API", .version = "1.0.0"});
//
// Routes without answers are not in it (the document itself, the pages that show it).
#pragma once

#include <span>
#include <string>

#include "app/http/router.h"

namespace todo::http {

struct OpenApiInfo {
  std::string_view title;
  std::string_view version;
  std::string_view description = {};
  std::string_view token_url = {};  // of the OAuth2 password flow; empty: no tokens
};

// Pure; about a millisecond.
std::string OpenApiDocument(std::span<const Route> routes, const OpenApiInfo& info);

}  // namespace todo::http
