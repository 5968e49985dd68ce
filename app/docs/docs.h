// GET /openapi.json, and GET /docs: Swagger UI, from this server alone. No CDN is asked, and the
// page's Content-Security-Policy lets it ask none. All of it may be kept by CDNs and browsers, and
// carries entity tags.
//
//   Docs docs("/usr/share/todo/docs", info);
//   docs.AddRoutes(routes);
//   docs.Describe(routes);       // last, when all routes are there
//
// Loop thread only; the document is made by the first request for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/http/openapi.h"
#include "app/http/router.h"

namespace todo::docs {

class Docs {
 public:
  // `folder`: of setup/swagger_ui.sh's files; if it is not there, /docs is 404.
  Docs(std::string folder, http::OpenApiInfo info) : folder_(std::move(folder)), info_(info) {}

  void AddRoutes(std::vector<http::Route>& routes);
  // `routes` must outlive this object.
  void Describe(const std::vector<http::Route>& routes) { routes_ = &routes; }

 private:
  struct File {
    std::string_view path;  // "/docs/swagger-ui.css"
    std::string_view content_type;
    std::string tag = {};  // "": not yet seen
  };
  sb::http::Task Document(const http::Call& call);
  sb::http::Task Asset(File& file, const http::Call& call);

  const std::string folder_;
  const http::OpenApiInfo info_;
  const std::vector<http::Route>* routes_ = nullptr;
  std::string document_, document_tag_;
  File css_{"/docs/swagger-ui.css", "text/css; charset=utf-8"};
  File bundle_{"/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"};
};

}  // namespace todo::docs
