#include "app/docs/docs.h"

#include <fstream>
#include <iterator>

#include "app/http/conditional.h"
#include "app/http/replies.h"

namespace todo::docs {
namespace {

using http::Call;
using sb::http::Response;
using sb::http::Task;

// Relative, so that it works behind a proxy that serves it under another path.
constexpr std::string_view kPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Todo API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the document itself is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
)html";

// A file of its own: the policy allows no script in the page.
constexpr std::string_view kStart = R"js(window.ui = SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
)js";

// Swagger UI sets styles through the DOM, which needs no leave; its icons are data: URLs.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Long enough for a CDN to take the load, short enough for a deployment to be seen.
constexpr std::string_view kPublic = "public, max-age=300, stale-while-revalidate=86400";

Response Public(std::string_view content_type, std::string body, std::string tag,
                const Call& call) {
  Response response =
      http::Conditional(std::move(body), std::move(tag), call.request.header("if-none-match"));
  response.content_type = content_type;
  response.headers.emplace_back("Cache-Control", kPublic);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

Task Fixed(std::string_view content_type, std::string_view text, const Call& call) {
  Response response = Public(content_type, std::string(text), http::TagOfBytes(text), call);
  if (content_type.starts_with("text/html")) {
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  }
  co_return response;
}

std::optional<std::string> ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Good enough for what browsers and proxies send: "gzip, deflate, br", "gzip;q=0".
bool TakesGzip(std::string_view accept_encoding) {
  const std::size_t at = accept_encoding.find("gzip");
  if (at == std::string_view::npos) return false;
  std::string_view rest = accept_encoding.substr(at + 4);
  rest = rest.substr(0, rest.find(','));
  const std::size_t quality = rest.find("q=");
  return quality == std::string_view::npos ||
         rest.find_first_of("123456789", quality) != std::string_view::npos;
}

}  // namespace

void Docs::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "GET",
                    .pattern = "/openapi.json",
                    .handler = [this](const Call& call) { return Document(call); }});
  routes.push_back({.method = "GET", .pattern = "/docs", .handler = [](const Call& call) {
                      return Fixed("text/html; charset=utf-8", kPage, call);
                    }});
  routes.push_back({.method = "GET", .pattern = "/docs/start.js", .handler = [](const Call& call) {
                      return Fixed("text/javascript; charset=utf-8", kStart, call);
                    }});
  for (File* const file : {&css_, &bundle_}) {
    routes.push_back({.method = "GET",
                      .pattern = file->path,
                      .handler = [this, file](const Call& call) { return Asset(*file, call); }});
  }
}

Task Docs::Document(const Call& call) {
  if (document_.empty()) {
    document_ = http::OpenApiDocument(*routes_, info_);
    document_tag_ = http::TagOfBytes(document_);
  }
  co_return Public("application/json", document_, document_tag_, call);
}

// Read from the disk for each: the page cache has it, and hundreds of kilobytes for a page that few
// ask for are better not kept twice. What the client has already is answered from the tag.
Task Docs::Asset(File& file, const Call& call) {
  const std::string path = folder_ + std::string(file.path.substr(5));
  const bool gzip = TakesGzip(call.request.header("accept-encoding"));
  std::string body;
  if (file.tag.empty() || http::MatchesNone(call.request.header("if-none-match"), file.tag)) {
    std::optional<std::string> content = ContentOf(gzip ? path + ".gz" : path);
    if (!content) co_return http::Detail(404, "Not Found");
    body = std::move(*content);
  }
  if (file.tag.empty()) {
    const std::optional<std::string> compressed = ContentOf(path + ".gz");
    if (!compressed) co_return http::Detail(404, "Not Found");
    file.tag = "W/" + http::TagOfBytes(*compressed);  // of both encodings, so weak
  }
  Response response = Public(file.content_type, std::move(body), file.tag, call);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzip && response.status == 200) response.headers.emplace_back("Content-Encoding", "gzip");
  co_return response;
}

}  // namespace todo::docs
